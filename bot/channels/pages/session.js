// The villager's session: a token the server made, kept on this device only.

import { caller } from "./requests.js";

const LIMITS = { text: 4000, file: 20000000 }; // until the server has told its own
const LONGEST_PAUSE = 20000;

export class Session {
  // `role` is the demo's role or null, `invitation` a one-time code of a village head or null.
  constructor(store, { role, invitation }) {
    Object.assign(this, { store, role, invitation });
    this.call = caller("/api", () => ({ "X-Session": this.token() }));
    this.making = null;
  }

  token() {
    return this.store.get("session", "");
  }

  facts() {
    return this.store.get("facts", {});
  }

  limits() {
    const facts = this.facts();
    return { text: facts.text_length || LIMITS.text, file: facts.file_bytes || LIMITS.file };
  }

  // A session, new or stored; repeats until the server can be reached. An invitation always needs a new one.
  async open() {
    if (this.token() && !this.invitation) return;
    await this.make();
  }

  // After a 401: several requests may fail together, only one of them asks for the new session.
  async renew(answer) {
    if (answer.asked !== this.token()) return true;
    if (!this.making) {
      this.making = this.make().then(() => {
        this.making = null;
        this.onRenewed();
      });
    }
    await this.making;
    return true;
  }

  async make() {
    const wish = { language: "vi" };
    if (this.role) wish.demo = this.role;
    if (this.invitation) wish.invitation = this.invitation;
    for (let failures = 0; ; failures += 1) {
      const answer = await this.ask(wish);
      if (answer.status === 200) return this.keep(answer);
      if (answer.status >= 400 && answer.status < 500 && wish.invitation) {
        this.refused = answer.error; // an old or mistyped code: told to her, and she talks on as a villager
        delete wish.invitation;
      } else await pause(answer.retryAfter || Math.min(LONGEST_PAUSE, 1000 * Math.pow(2, failures)));
    }
  }

  async ask(wish) {
    try {
      return await this.call("/session", { method: "POST", json: wish });
    } catch (unreachable) {
      this.onTrouble("offline");
      return { status: 0 };
    }
  }

  keep(answer) {
    this.invitation = null;
    this.store.set("session", answer.session);
    this.store.set("facts", {
      commune: answer.commune, name: answer.name, text_length: answer.text_length, file_bytes: answer.file_bytes,
    });
    this.onFacts(this.facts());
  }

  // The page listens by replacing these.
  onFacts() {}

  onRenewed() {}

  onTrouble() {}
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
