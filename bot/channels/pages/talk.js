// A whole talk on a page: what is kept, what is drawn, what goes out and what comes in. Both pages are built on it.

import { Composer } from "./composer.js";
import { Documents } from "./documents.js";
import { Incoming } from "./incoming.js";
import { Outgoing } from "./outgoing.js";
import { Pictures } from "./pictures.js";
import { Sounds } from "./sounds.js";
import { learnAt, nowIso } from "./time.js";
import { Transcript } from "./transcript.js";
import { View } from "./view.js";

const TROUBLE = {
  offline: "Mất kết nối. Tin của ông/bà được giữ lại và sẽ tự gửi khi có mạng.",
  busy: "Văn phòng đang bận. Tin của ông/bà được giữ lại và sẽ tự gửi.",
};
const GRACE = 2500; // milliseconds of trouble that pass without a word

export class Talk {
  // `how` is {store, base, call, hello, renew, limits, onFresh, shown}:
  // `shown(entries)` chooses what stands in the conversation, `onFresh(messages)` hears every new message.
  constructor(root, how) {
    Object.assign(this, how);
    this.root = root;
    this.banner = root.querySelector("[data-test=offline]");
    this.transcript = new Transcript(this.store);
    this.pictures = new Pictures(this.call);
    this.documents = new Documents(this.call);
    this.sounds = new Sounds(this.call);
    this.outgoing = new Outgoing(this.store, this.call, this.renew, this.hears());
    this.view = new View(root, this.acts());
    this.composer = new Composer(root.querySelector("form.composer"), this.store, this.limits, {
      text: (words) => this.say({ kind: "text", text: words }, this.asksSecret() ? "••••" : words),
      file: (blob) => this.sendFile(blob),
    });
    this.incoming = new Incoming(this.base, this.call, {
      hello: () => Object.assign({ after: this.transcript.cursor() }, this.hello()),
      take: (messages) => this.take(messages),
      cursor: () => this.transcript.cursor(),
      renew: this.renew,
      told: { works: () => this.works(), trouble: (kind) => this.trouble(kind) },
    });
    this.wasAway = this.transcript.entries().length > 0;
    this.watchPage();
  }

  // Open the talk once there is a session; a page that has nothing to show yet asks for the greeting.
  start() {
    const lost = { state: "refused", error: "Tệp này chưa gửi xong. Xin ông/bà chọn lại tệp." };
    this.outgoing.dropLostFiles().forEach((uuid) => this.transcript.settle(uuid, lost));
    if (!this.transcript.entries().length && !this.outgoing.waiting().length) this.outgoing.add({ kind: "start" });
    else this.outgoing.flush();
    this.draw();
    this.incoming.start();
  }

  stop() {
    this.incoming.stop();
  }

  // The session was replaced: ids count anew. `clean` also puts away what was said.
  startAgain(clean) {
    if (clean) this.transcript.forget();
    else this.transcript.startAgain();
    if (!this.transcript.entries().length && !this.outgoing.waiting().length) this.outgoing.add({ kind: "start" });
    this.draw();
  }

  draw() {
    const entries = this.transcript.entries();
    this.root.querySelector(".opening").hidden = entries.length > 0;
    this.view.show(this.shown ? this.shown(entries) : entries);
    this.composer.hide(this.asksSecret());
  }

  // The last thing asked is a PIN: what is typed is hidden on the screen and not kept on this computer.
  asksSecret() {
    const asked = this.transcript.entries().filter((entry) => entry.side === "bot" && !entry.card).pop();
    return Boolean(asked && asked.secret);
  }

  say(body, shownText) {
    this.view.answered();
    const uuid = this.outgoing.add(body);
    this.transcript.addOwn({ uuid, at: nowIso(), kind: body.kind, text: shownText || body.text, state: "sending" });
    this.draw();
  }

  // Old buttons may be tapped too: the server knows what became of their question.
  tap(entry, button) {
    if (entry) this.transcript.choose(entry.place, button.token);
    this.say({ kind: "tap", token: button.token, text: button.label });
  }

  sendFile(blob) {
    this.view.answered();
    const uuid = this.outgoing.add({ kind: "file" }, blob);
    this.transcript.addOwn({ uuid, at: nowIso(), kind: "file", file: blob.name || "Ảnh", state: "sending" });
    this.draw();
  }

  // Store first, then acknowledge: answers the ids that are safe here.
  take(messages) {
    messages.forEach((message) => learnAt(message.at));
    const fresh = this.transcript.receive(messages);
    if (fresh.length) {
      const spoken = fresh.filter((message) => !message.gone && (!this.shown || this.shown([message]).length));
      this.view.arrived(spoken, this.wasAway);
      if (this.onFresh) this.onFresh(fresh);
      this.draw();
    }
    this.wasAway = false;
    return messages.map((message) => message.id);
  }

  acts() {
    return {
      onTap: (entry, button) => this.tap(entry, button),
      onRetry: (entry) => {
        this.transcript.removeOwn(entry.uuid);
        this.composer.put(entry.text);
        this.draw();
      },
      pictures: this.pictures,
      documents: this.documents,
      sounds: this.sounds,
      blobs: this.outgoing.blobs,
    };
  }

  hears() {
    return {
      works: () => this.works(),
      trouble: (kind) => this.trouble(kind),
      progress: (uuid, share) => this.view.progress(uuid, share),
      received: (uuid) => {
        this.settle(uuid, { state: "received" });
        this.view.showTyping(true);
      },
      refused: (uuid, sentence) => this.settle(uuid, { state: "refused", error: sentence }),
      uploaded: (uuid, answer, blob) => this.uploaded(uuid, answer, blob),
    };
  }

  uploaded(uuid, answer, blob) {
    if (answer.kind === "photo") this.pictures.know(answer.file, blob);
    this.settle(uuid, { kind: answer.kind, pictures: [answer.file] });
  }

  settle(uuid, facts) {
    this.transcript.settle(uuid, facts);
    this.draw();
  }

  works() {
    if (!this.grace) return;
    clearTimeout(this.grace);
    this.grace = null;
    this.banner.hidden = true;
    this.outgoing.flush();
  }

  trouble(kind) {
    if (kind === "offline") this.view.showTyping(false);
    if (this.grace) return;
    this.grace = setTimeout(() => {
      this.banner.textContent = TROUBLE[kind];
      this.banner.hidden = false;
    }, navigator.onLine === false ? 0 : GRACE);
  }

  watchPage() {
    const hurry = () => {
      this.incoming.hurry();
      if (this.outgoing.waiting().length) this.outgoing.flush();
    };
    window.addEventListener("online", hurry);
    window.addEventListener("offline", () => this.trouble("offline"));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) hurry(); });
    window.addEventListener("beforeunload", (event) => {
      if (!this.outgoing.holdsFiles()) return;
      event.preventDefault(); // a file still on its way can't be kept over a reload: ask first
      event.returnValue = "";
    });
    this.store.onChange("talk", () => this.draw());
  }
}
