// The list of the talk on the page: draws what changed, and looks after scrolling, days and the line above new messages.

import { botBubble, drawPromise, element, ownBubble, ownProgress, ownState } from "./bubbles.js";
import { dayName, dayOf } from "./time.js";

const CLOSE = 5 * 60000; // messages of one side within five minutes stand together
const ABOVE = 64; // pixels of the talk kept in sight above a long answer
const NEAR = 80; // pixels from the end that still count as being at the end

export class View {
  // `act` is {onTap(entry, button), onRetry(entry), pictures, documents, sounds, blobs}.
  constructor(root, act) {
    this.list = root.querySelector("[data-test=messages]");
    this.scroller = root.querySelector(".scroller");
    this.down = root.querySelector("[data-test=scroll-down]");
    this.typing = root.querySelector(".typing");
    this.act = act;
    this.rows = {}; // key -> element
    this.unreadFrom = null; // key of the first message not yet seen
    this.unread = 0;
    this.scroller.addEventListener("scroll", () => this.scrolled());
    this.down.addEventListener("click", () => this.toEnd(true));
    document.addEventListener("visibilitychange", () => this.scrolled());
    setInterval(() => this.tick(), 15000);
    if (window.ResizeObserver) new ResizeObserver(() => { if (this.sticking) this.toFresh(); }).observe(this.scroller);
    // A picture arrives later than its bubble and pushes the end out of sight.
    this.list.addEventListener("load", () => { if (this.sticking) this.toFresh(); }, true);
    this.sticking = true; // stays at the end while messages arrive
    this.top = 0;
  }

  // Draw these entries; elements that did not change are left alone (focus, screen reader and pictures stay).
  show(entries) {
    const wanted = this.lines(entries);
    this.removeAllBut(wanted);
    let next = this.list.firstChild;
    wanted.forEach((line) => {
      const row = this.row(line);
      if (row !== next) this.list.insertBefore(row, next);
      else next = next.nextSibling;
    });
    this.markLatest(entries);
    if (this.sticking) this.toFresh();
  }

  // To the end, but never past the beginning of what has just arrived: a long answer is read from its top.
  toFresh() {
    const fresh = this.rows[this.freshFrom];
    this.toEnd();
    if (!fresh) return;
    const top = fresh.offsetTop - this.list.offsetTop - ABOVE;
    if (top >= this.scroller.scrollTop) return;
    this.scroller.scrollTop = top;
    this.sticking = this.left() < NEAR;
    this.scrolled();
  }

  // Entries with the day names and the unread line between them.
  lines(entries) {
    const lines = [];
    let before = null;
    entries.forEach((entry) => {
      const key = keyOf(entry);
      const newDay = !before || dayOf(before.at) !== dayOf(entry.at);
      if (newDay) lines.push({ key: "day" + key, stamp: dayName(entry.at), day: dayName(entry.at) });
      if (key === this.unreadFrom) lines.push({ key: "unread", stamp: "", unread: true });
      lines.push({ key, stamp: stampOf(entry), entry, follows: !newDay && together(before, entry) });
      before = entry;
    });
    return lines;
  }

  // Rows that are gone or look different now; taken out first, so that the others need not move.
  removeAllBut(wanted) {
    const stays = {};
    wanted.forEach((line) => { stays[line.key] = line.stamp; });
    Object.keys(this.rows).forEach((key) => {
      if (stays[key] === this.rows[key].stamp) return;
      this.rows[key].remove();
      delete this.rows[key];
    });
  }

  row(line) {
    const row = this.rows[line.key] || this.build(line);
    row.stamp = line.stamp;
    this.rows[line.key] = row;
    if (line.entry) this.adorn(row, line);
    return row;
  }

  build(line) {
    if (line.day) return separator("day", line.day);
    if (line.unread) return separator("unread", "Tin mới");
    const row = line.entry.side === "own" ? ownBubble(line.entry, this.act) : botBubble(line.entry, this.act);
    row.setAttribute("data-key", line.key);
    return row;
  }

  // What may change without drawing the bubble anew.
  adorn(row, { entry, follows }) {
    row.classList.toggle("follows", follows);
    if (entry.side === "own") ownState(row, entry, this.act.onRetry);
    Array.from(row.querySelectorAll(".choice")).forEach((choice) =>
      choice.classList.toggle("chosen", choice.getAttribute("data-token") === entry.chosen));
  }

  // Buttons of the newest question stand out; older ones are quieter but can still be tapped.
  markLatest(entries) {
    const bots = entries.filter((entry) => entry.side === "bot");
    const latest = bots.length ? this.rows[keyOf(bots[bots.length - 1])] : null;
    Array.from(this.list.querySelectorAll(".row.latest")).forEach((row) => row.classList.toggle("latest", row === latest));
    if (latest) latest.classList.add("latest");
    this.list.setAttribute("aria-busy", "false");
  }

  progress(uuid, share) {
    if (this.rows["o" + uuid]) ownProgress(this.rows["o" + uuid], share);
  }

  // New messages arrived: if nobody looked, remember where they begin.
  arrived(fresh, wasAway) {
    if (!fresh.length) return;
    this.showTyping(false);
    this.freshFrom = "b" + fresh[0].id;
    const unseen = wasAway || document.hidden || !this.sticking;
    if (!unseen) this.unreadFrom = null;
    if (!unseen) return;
    if (!this.unread) this.unreadFrom = "b" + fresh[0].id;
    this.unread += fresh.length;
    this.showUnread();
  }

  // The reader answers: all above has been seen.
  answered() {
    this.unreadFrom = null;
    this.freshFrom = null;
    this.seen();
    this.sticking = true;
  }

  seen() {
    this.unread = 0;
    this.showUnread();
  }

  showUnread() {
    const badge = this.down.querySelector(".badge");
    badge.textContent = this.unread || "";
    badge.hidden = !this.unread;
    this.down.setAttribute("aria-label", this.unread ? "Cuộn xuống, " + this.unread + " tin mới" : "Cuộn xuống");
    if (this.onUnread) this.onUnread(this.unread);
  }

  showTyping(on) {
    clearTimeout(this.typingEnds);
    this.typing.hidden = !on;
    if (on) this.typingEnds = setTimeout(() => { this.typing.hidden = true; }, 8000);
    if (on && this.sticking) this.toEnd();
  }

  // Only going up leaves the end; a picture that grows below must not count as that.
  scrolled() {
    const top = this.scroller.scrollTop;
    const near = this.left() < NEAR;
    if (near) this.sticking = true;
    else if (top < this.top - 2) this.sticking = false;
    this.top = top;
    this.down.hidden = near;
    if (near && !document.hidden && this.unread) this.seen();
  }

  // How far the end is below what is in sight, in pixels.
  left() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
  }

  toEnd(gently) {
    const end = this.scroller.scrollHeight;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (gently && !still && this.scroller.scrollTo) this.scroller.scrollTo({ top: end, behavior: "smooth" });
    else this.scroller.scrollTop = end;
    this.scrolled();
  }

  tick() {
    Array.from(this.list.querySelectorAll(".promise")).forEach(drawPromise);
  }
}

function keyOf(entry) {
  return entry.side === "own" ? "o" + entry.uuid : "b" + entry.place;
}

// Everything that decides how a bubble looks, except what `adorn` changes in place.
function stampOf(entry) {
  return JSON.stringify(entry, (name, value) => (["state", "error", "chosen"].indexOf(name) < 0 ? value : undefined));
}

function together(before, entry) {
  return before.side === entry.side && !before.signature && !entry.signature
    && !(before.buttons && before.buttons.length) && Date.parse(entry.at) - Date.parse(before.at) < CLOSE;
}

function separator(kind, text) {
  const line = element("div", "separator " + kind);
  line.setAttribute("data-test", kind + "-separator");
  line.appendChild(element("span", "", text));
  return line;
}
