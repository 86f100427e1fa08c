// What the reader sends: kept in the store until the server has answered 200, in order, under the same name.
// Only a final refusal (400, 413, 422 …) takes a message out without that; its words then go back to the reader.

import { newId } from "./identity.js";

const LONGEST_PAUSE = 30000;

export class Outgoing {
  // `call(path, options)` makes the request with the session's header; `renew(answer)` gets a new session after a 401.
  // `told` is who hears: {uploaded, received, refused, progress, trouble, works}.
  constructor(store, call, renew, told) {
    this.store = store;
    this.call = call;
    this.renew = renew;
    this.told = told;
    this.blobs = {}; // files chosen on this page; a browser can't keep them over a reload
    this.running = false;
    this.failures = 0;
    this.wake = null;
  }

  waiting() {
    return this.store.get("out", []);
  }

  add(body, blob) {
    const item = { id: newId(), body, upload: Boolean(blob) };
    if (blob) this.blobs[item.id] = blob;
    this.store.set("out", this.waiting().concat(item));
    if (!this.running) this.run(); // a pause the server asked for is not cut short by more words
    return item.id;
  }

  holdsFiles() {
    return Object.keys(this.blobs).length > 0;
  }

  // Files chosen before a reload are gone; answers the names of their messages, so that the page can say so.
  dropLostFiles() {
    const lost = this.waiting().filter((item) => item.upload && !this.blobs[item.id]);
    lost.forEach((item) => this.drop(item.id));
    return lost.map((item) => item.id);
  }

  // Try at once: the network came back, or somebody signed in.
  flush() {
    if (this.wake) this.wake();
    if (!this.running) this.run();
  }

  async run() {
    this.running = true;
    try {
      let item = this.waiting()[0];
      while (item) {
        const pause = await this.attempt(item);
        if (pause < 0) break; // no session to be had: whoever signs in calls flush()
        if (pause) await this.pause(pause);
        item = this.waiting()[0];
      }
    } finally {
      this.running = false;
    }
  }

  // One try with the oldest message; answers how long to wait before the next, in milliseconds.
  async attempt(item) {
    let answer;
    try {
      answer = item.upload ? await this.upload(item) : await this.post(item);
    } catch (unreachable) {
      this.told.trouble("offline");
      return this.backOff();
    }
    if (answer.status === 401) return (await this.renew(answer)) ? this.backOff() : -1;
    if (answer.status === 429 || answer.status >= 500 || answer.status === 408) {
      if (answer.status !== 429) this.told.trouble("busy");
      return answer.retryAfter || this.backOff();
    }
    this.failures = 0;
    this.told.works();
    if (answer.status >= 400) this.refuse(item, answer.error);
    else if (item.upload) this.uploaded(item, answer);
    else this.received(item);
    return 0;
  }

  post(item) {
    return this.call("/messages", { method: "POST", json: Object.assign({ id: item.id }, item.body) });
  }

  upload(item) {
    const blob = this.blobs[item.id];
    if (!blob) return Promise.resolve({ status: 422, error: "Tệp này chưa gửi xong. Xin ông/bà chọn lại tệp." });
    const headers = { "X-File-Id": item.id, "X-File-Name": encodeURIComponent(blob.name || "") };
    headers["Content-Type"] = blob.type || "application/octet-stream";
    return this.call("/files", { method: "POST", blob, headers, progress: (share) => this.told.progress(item.id, share) });
  }

  // The bytes are there: from now on this is a message like any other, still at its place in the queue.
  uploaded(item, answer) {
    const blob = this.blobs[item.id];
    delete this.blobs[item.id];
    const body = Object.assign({}, item.body, { kind: answer.kind || "file", files: [answer.file] });
    this.store.set("out", this.waiting().map((each) => (each.id === item.id ? { id: item.id, body } : each)));
    this.told.uploaded(item.id, answer, blob);
  }

  received(item) {
    this.drop(item.id);
    this.told.received(item.id);
  }

  refuse(item, sentence) {
    this.drop(item.id);
    this.told.refused(item.id, sentence || "Tin này chưa gửi được. Xin ông/bà thử lại.");
  }

  drop(id) {
    delete this.blobs[id];
    this.store.set("out", this.waiting().filter((item) => item.id !== id));
  }

  backOff() {
    this.failures += 1;
    return Math.min(LONGEST_PAUSE, 1000 * Math.pow(2, this.failures - 1)) * (0.75 + Math.random() / 2);
  }

  pause(milliseconds) {
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, milliseconds);
    }).then(() => { this.wake = null; });
  }
}
