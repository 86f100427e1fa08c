// What comes from the server: a WebSocket while that works, long polling where it doesn't, back-off in between.
// Every message is acknowledged only after `take` has stored it.

import { learnNow } from "./time.js";

const WAIT = 25; // seconds the server may hold a poll
const SOCKET_AGAIN = 120000; // milliseconds of polling before the socket gets another chance
const LONGEST_PAUSE = 20000;

export class Incoming {
  // `hello()` is the first frame, `take(messages)` answers the ids to acknowledge, `cursor()` the highest id seen.
  // `told` hears {works, trouble(kind)}; `renew(answer)` answers false when only a person can sign in again.
  constructor(base, call, { hello, take, cursor, renew, told }) {
    Object.assign(this, { base, call, hello, take, cursor, renew, told });
    this.stopped = true;
    this.misses = 0; // sockets that failed before they were ready
    this.pollUntil = 0;
    this.failures = 0;
    this.acks = [];
    this.wake = null;
    this.socket = null;
    setInterval(() => this.checkSocket(), 45000);
  }

  start() {
    if (!this.stopped) return;
    this.stopped = false;
    this.run();
  }

  stop() {
    this.stopped = true;
    if (this.socket) this.socket.close();
    this.hurry();
  }

  // The network came back or the page is looked at again: don't sit out the pause.
  hurry() {
    if (this.wake) this.wake();
  }

  async run() {
    while (!this.stopped) {
      const worked = this.socketHasChance() ? await this.viaSocket() : await this.viaPoll();
      if (worked) this.failures = 0;
      else if (!this.stopped) await this.pause();
    }
  }

  socketHasChance() {
    if (!window.WebSocket) return false;
    return this.misses < 2 || Date.now() > this.pollUntil;
  }

  // Lives as long as the socket; answers whether it had been working.
  viaSocket() {
    return new Promise((resolve) => {
      let ready = false;
      const socket = openSocket(this.base + "/socket");
      if (!socket) {
        this.missed(false);
        return resolve(false);
      }
      this.socket = socket;
      const impatient = setTimeout(() => { if (!ready) socket.close(); }, 10000);
      socket.onopen = () => socket.send(JSON.stringify(this.hello()));
      socket.onmessage = (event) => {
        const frame = JSON.parse(event.data);
        ready = ready || Boolean(frame.ready || frame.messages);
        this.frame(frame);
      };
      socket.onclose = (event) => {
        clearTimeout(impatient);
        this.socket = null;
        this.missed(ready, event.code);
        resolve(ready && this.stopped);
      };
    });
  }

  // A socket can't say 401, so after a refusal (1008 or 4401) the next question is a poll, which can.
  missed(ready, code) {
    const refused = code === 1008 || code === 4401;
    if (!ready && this.failures) this.told.trouble("offline");
    this.misses = refused ? 2 : ready ? 0 : this.misses + 1;
    if (this.misses >= 2) this.pollUntil = Date.now() + SOCKET_AGAIN;
  }

  frame(frame) {
    this.failures = 0;
    this.told.works();
    if (frame.now) learnNow(frame.now);
    if (!frame.messages) return;
    const acks = this.take(frame.messages);
    if (acks.length && this.socket) this.socket.send(JSON.stringify({ ack: acks }));
  }

  async viaPoll() {
    const acks = this.acks;
    const question = "?after=" + this.cursor() + "&wait=" + (this.failures ? 0 : WAIT) + "&ack=" + acks.join(",");
    let answer;
    try {
      answer = await this.call("/updates" + question, { wait: WAIT });
    } catch (unreachable) {
      this.told.trouble("offline");
      return false;
    }
    return this.polled(answer, acks);
  }

  async polled(answer, acks) {
    if (answer.status === 401) {
      if (!(await this.renew(answer))) this.stopped = true;
      return false;
    }
    if (answer.status !== 200) {
      this.told.trouble("busy");
      return false;
    }
    this.told.works();
    const taken = this.take(answer.messages || []);
    this.acks = this.acks.filter((id) => acks.indexOf(id) < 0).concat(taken);
    return true;
  }

  // A phone that changed from Wi-Fi to mobile keeps a dead socket for minutes; a small question finds out.
  async checkSocket() {
    if (!this.socket || document.hidden) return;
    const socket = this.socket;
    try {
      await this.call("/alive");
    } catch (unreachable) {
      this.told.trouble("offline");
      socket.close();
    }
  }

  pause() {
    this.failures += 1;
    const length = Math.min(LONGEST_PAUSE, 500 * Math.pow(2, this.failures - 1)) * (0.75 + Math.random() / 2);
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, length);
    }).then(() => { this.wake = null; });
  }
}

// Older Safari takes "connect-src 'self'" not to mean sockets and throws at once; polling then does the work.
function openSocket(path) {
  try {
    return new WebSocket(location.origin.replace(/^http/, "ws") + path);
  } catch (forbidden) {
    return null;
  }
}
