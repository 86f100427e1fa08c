// "Việc cần xử lý": the newest state of each card, the most pressing first, with its clock running.

import { choices, element } from "./bubbles.js";
import { words } from "./text.js";
import { dayName, dayOf, hour, nowIso, standing } from "./time.js";

const DONE_SHOWN = 10; // finished cards that stay to be looked at

export class Cards {
  // `onTap(button)` sends the tap; `onCount(open)` hears how many cards wait.
  constructor(root, store, { onTap, onCount }) {
    this.list = root.querySelector("[data-test=cards]");
    this.empty = root.querySelector("[data-test=no-cards]");
    this.store = store;
    this.onTap = onTap;
    this.onCount = onCount;
    this.rows = {}; // card name -> {stamp, element}
    store.onChange("cards", () => this.draw());
    setInterval(() => this.draw(), 10000);
  }

  // Keep the newest state of every card among these messages.
  receive(messages) {
    const cards = this.store.get("cards", {});
    messages.forEach((message) => {
      if (message.gone) forget(cards, message);
      else if (message.card && !(cards[message.card] && cards[message.card].id > message.id)) cards[message.card] = message;
    });
    this.store.set("cards", cards);
    this.draw();
  }

  draw() {
    const cards = inOrder(this.store.get("cards", {}));
    const kept = {};
    cards.forEach((card, at) => {
      const row = this.row(card);
      kept[card.card] = row;
      if (this.list.children[at] !== row.element) this.list.insertBefore(row.element, this.list.children[at] || null);
    });
    while (this.list.children.length > cards.length) this.list.lastChild.remove();
    this.rows = kept;
    const open = cards.filter(isOpen).length;
    this.empty.hidden = open > 0;
    this.onCount(open);
  }

  row(card) {
    let row = this.rows[card.card];
    if (!row || row.stamp !== card.id) row = { stamp: card.id, element: this.build(card) };
    if (card.clock) drawClock(row.element, card.clock);
    return row;
  }

  build(card) {
    const item = element("li", isOpen(card) ? "card" : "card done");
    item.setAttribute("data-test", "card");
    item.setAttribute("data-card", card.card);
    const lines = card.text.split("\n");
    item.appendChild(element("h3", "", lines[0]));
    if (card.clock) item.appendChild(clockFace());
    const rest = element("div", "words");
    rest.appendChild(words(lines.slice(1).join("\n").trim()));
    item.appendChild(rest);
    item.appendChild(element("p", "meta", (isOpen(card) ? "Lúc " : "Xong lúc ") + hour(card.at)));
    if (card.buttons.length) item.appendChild(choices(card.buttons, this.onTap));
    return item;
  }
}

// A card with nothing to press and no clock is finished.
function isOpen(card) {
  return card.buttons.length > 0 || Boolean(card.clock);
}

function inOrder(cards) {
  const all = Object.keys(cards).map((name) => cards[name]);
  const due = (card) => (card.clock ? Date.parse(card.clock.until) : Infinity);
  const open = all.filter(isOpen).sort((a, b) => (due(a) === due(b) ? a.id - b.id : due(a) - due(b)));
  const done = all.filter((card) => !isOpen(card)).sort((a, b) => b.id - a.id);
  return open.concat(done.slice(0, DONE_SHOWN));
}

function forget(cards, message) {
  Object.keys(cards).forEach((name) => {
    if (name === message.card || cards[name].id === message.replaces) delete cards[name];
  });
}

function clockFace() {
  const face = element("div", "clock");
  face.setAttribute("data-test", "clock");
  face.appendChild(element("span", "left"));
  face.appendChild(element("span", "until"));
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-hidden", "true");
  face.appendChild(bar);
  return face;
}

function drawClock(card, clock) {
  const state = standing(clock);
  card.setAttribute("data-level", state.level);
  const left = card.querySelector(".left");
  if (left.textContent !== state.words) left.textContent = state.words;
  card.querySelector(".until").textContent = "hẹn " + (dayOf(clock.until) === dayOf(nowIso()) ? hour(clock.until) : dayName(clock.until));
  card.querySelector("progress").value = state.used;
}
