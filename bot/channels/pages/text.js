// Plain words into page nodes. Nothing here ever parses HTML: what people wrote stays text.

// A full number, a paid or free line, or a three-digit duty number that the sentence says to call.
const PHONE = /(^|[^\w.\-\/+])((?:\+84|0)(?:[ .\-]?\d){8,10}|1[89]00(?:[ .]?\d){4,6}|1022)(?![\w*]|[.\-\/]\d)/;
const DUTY = /((?:gọi|số)\s+(?:ngay\s+)?)(11[1-5])(?!\d|[.\/]\d)/i;
// A short message with its words ready, as officials get it for the call list: only what can be nothing else.
const SMS = /(^|\n)(sms:(\+84\d{8,10})\?&body=[A-Za-z0-9%_.~\-]+)(?=\n|$)/;
const LINK = /https:\/\/[^\s<>"'()]+/;
// The closed page of this very machine.
const OURS = /(^|\s)(\/(?:office\/)?kin(?:\/[\w-]{20,60})?)(?=[\s.,]|$)/;

// The text as nodes: gov.vn addresses, phone numbers and ready short messages can be tapped, all else is words.
export function words(text) {
  const fragment = document.createDocumentFragment();
  let rest = text;
  while (rest) {
    const found = nearest(rest);
    if (!found) break;
    fragment.appendChild(document.createTextNode(rest.slice(0, found.at)));
    fragment.appendChild(found.node);
    rest = rest.slice(found.at + found.length);
  }
  fragment.appendChild(document.createTextNode(rest));
  return fragment;
}

function nearest(text) {
  const found = [message(text), link(text), ours(text), phone(text, PHONE), phone(text, DUTY)].filter(Boolean);
  found.sort((a, b) => a.at - b.at);
  return found[0];
}

function link(text) {
  const hit = LINK.exec(text);
  if (!hit) return null;
  const address = hit[0].replace(/[.,;:!?…]+$/, "");
  const trusted = governmentAddress(address);
  const node = trusted ? anchor(trusted, address) : document.createTextNode(address);
  if (trusted) {
    node.target = "_blank";
    node.rel = "noopener noreferrer";
  }
  return { at: hit.index, length: address.length, node };
}

function ours(text) {
  const hit = OURS.exec(text);
  if (!hit) return null;
  const node = anchor(hit[2], hit[2]);
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return { at: hit.index + hit[1].length, length: hit[2].length, node };
}

// Judged on the parsed address: "https://gov.vn.example" and "https://x.gov.vn@example" are not the government's.
export function governmentAddress(address) {
  let url;
  try {
    url = new URL(address);
  } catch (broken) {
    return null;
  }
  const plain = url.protocol === "https:" && !url.username && !url.password && !url.port;
  return plain && /(^|\.)gov\.vn$/.test(url.hostname) ? url.href : null;
}

function phone(text, pattern) {
  const hit = pattern.exec(text);
  if (!hit) return null;
  const node = anchor("tel:" + hit[2].replace(/[^\d+]/g, ""), hit[2]);
  return { at: hit.index + hit[1].length, length: hit[2].length, node };
}

function message(text) {
  const hit = SMS.exec(text);
  if (!hit) return null;
  const node = anchor(hit[2], "Nhắn tin tới " + hit[3].replace("+84", "0") + " (lời có sẵn)");
  return { at: hit.index + hit[1].length, length: hit[2].length, node };
}

function anchor(address, label) {
  const node = document.createElement("a");
  node.href = address;
  node.textContent = label;
  return node;
}
