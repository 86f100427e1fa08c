// One HTTP request to the server, with the session's header. Answers {status, retryAfter, …the JSON body}.
// Throws only when the server could not be reached at all.

import { learnHeader, learnNow } from "./time.js";

const PATIENCE = 20000; // milliseconds, without the time the server was asked to hold the answer

// `headers()` gives the headers that say who asks; `base` is "/api" or "/office/api".
export function caller(base, headers) {
  return async (path, options) => {
    const wish = options || {};
    const all = Object.assign({}, headers(), wish.headers);
    const answer = await (wish.blob ? send(base + path, wish, all) : ask(base + path, wish, all));
    answer.asked = all["X-Session"]; // a 401 for a session already replaced must not replace it once more
    return answer;
  };
}

async function ask(address, wish, headers) {
  const request = { method: wish.method || "GET", headers, cache: "no-store", credentials: "same-origin" };
  if (wish.json) {
    headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(wish.json);
  }
  const response = await timely(address, request, PATIENCE + 1000 * (wish.wait || 0));
  learnHeader(response.headers.get("Date"));
  if (wish.bytes) {
    return { status: response.status, blob: await response.blob(), name: fileName(response.headers.get("Content-Disposition")) };
  }
  return outcome(response.status, response.headers.get("Retry-After"), await response.text());
}

// The name after filename*=UTF-8'' (RFC 5987).
function fileName(disposition) {
  const hit = /filename\*=UTF-8''([^;]+)/.exec(disposition || "");
  return hit ? decodeURIComponent(hit[1]) : "";
}

// A dead connection may never fail by itself, so the request is given up after a while.
function timely(address, request, patience) {
  const stop = window.AbortController ? new AbortController() : null;
  if (stop) request.signal = stop.signal;
  let alarm;
  const tooLate = new Promise((_, reject) => {
    alarm = setTimeout(() => {
      reject(new Error("no answer in time"));
      if (stop) stop.abort();
    }, patience);
  });
  const tidy = () => clearTimeout(alarm);
  const answer = Promise.race([fetch(address, request), tooLate]);
  answer.then(tidy, tidy);
  return answer;
}

// Uploads go by XMLHttpRequest: fetch can't tell how far it is.
function send(address, wish, headers) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(wish.method, address);
    Object.keys(headers).forEach((name) => request.setRequestHeader(name, headers[name]));
    request.upload.onprogress = (event) => wish.progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => resolve(outcome(request.status, request.getResponseHeader("Retry-After"), request.responseText));
    request.onerror = () => reject(new Error("unreachable"));
    request.onabort = request.onerror;
    request.send(wish.blob);
  });
}

function outcome(status, retryAfter, text) {
  let body = {};
  try {
    body = JSON.parse(text) || {};
  } catch (notJson) { /* a proxy's page, or nothing: the status says enough */ }
  if (body.now) learnNow(body.now);
  const seconds = parseFloat(retryAfter);
  return Object.assign({}, body, { status, retryAfter: seconds > 0 ? seconds * 1000 : 0 });
}
