// The officials' office: who is signed in, the work that waits, and the talk with the assistant.

import { Alarm } from "./alarm.js";
import { Cards } from "./cards.js";
import { Entry } from "./entry.js";
import { caller } from "./requests.js";
import { sizeControl } from "./size.js";
import { Store } from "./store.js";
import { Talk } from "./talk.js";

const address = new URLSearchParams(location.search);
const demo = address.get("demo") === "1";
const part = (name) => document.querySelector("[data-test=" + name + "]");
const call = caller("/office/api", () => ({ "X-Office": "1" }));
// What stays on this computer for good: the size of the letters, the sound, and whether several people share it.
const device = new Store(demo ? "session" : "local", "office");

const AGAIN = 3000; // milliseconds before an unreachable server is asked again

let talk = null;
let cards = null;
let me = {};

const entry = new Entry(part("entry"), call, (facts, wish) => {
  device.set("shared", Boolean(wish.shared));
  if (demo) storeOf(facts).clear(); // a sample made anew counts its messages anew
  if (me.name) location.reload(); // entered anew: the page starts clean, and what was written waits in its store
  else open(facts);
});
const alarm = new Alarm(part("alarm"), device);

// On a shared computer the talk is forgotten with the tab; elsewhere a reload and a restart show it again.
function storeOf(facts) {
  const passing = demo || device.get("shared", true);
  return new Store(passing ? "session" : "local", "office." + (facts.id || "me"));
}

function open(facts) {
  me = facts;
  showOfficial();
  const store = storeOf(facts);
  cards = new Cards(document, store, { onTap: tapCard, onCount: count });
  talk = new Talk(part("talk"), {
    store,
    base: "/office/api",
    call,
    hello: () => ({}),
    renew: askToEnter,
    limits: () => ({ text: me.text_length || 4000, file: me.file_bytes || 20000000 }),
    shown: (entries) => entries.filter((message) => !message.card),
    onFresh: fresh,
  });
  talk.view.onUnread = (unread) => { part("tab-talk").querySelector(".badge").textContent = unread || ""; };
  cards.draw();
  talk.start();
}

function showOfficial() {
  document.body.classList.add("entered");
  part("office").hidden = false;
  part("commune").textContent = me.commune ? "Văn phòng " + me.commune : "Văn phòng xã";
  part("official").textContent = me.name;
  part("post").textContent = me.post;
}

function fresh(messages) {
  cards.receive(messages);
  if (messages.some((message) => message.loud && !message.gone)) alarm.ring();
}

// The answer to a card's button comes in the conversation, so that is where to look.
function tapCard(button) {
  talk.tap(null, button);
  show("talk");
}

function count(open) {
  const title = me.commune ? "Văn phòng " + me.commune : "Văn phòng xã";
  document.title = (open ? "(" + open + ") " : "") + title;
  part("tab-cards").querySelector(".badge").textContent = open || "";
  part("card-count").textContent = open || "";
}

// Narrow screens show one side at a time; wide ones show both and hide the tabs.
function show(side) {
  document.body.setAttribute("data-side", side);
  part("tab-cards").setAttribute("aria-selected", String(side === "cards"));
  part("tab-talk").setAttribute("aria-selected", String(side === "talk"));
  if (side === "talk" && talk) talk.view.toEnd();
}

function listenToTabs() {
  const tabs = { cards: part("tab-cards"), talk: part("tab-talk") };
  Object.keys(tabs).forEach((side) => tabs[side].addEventListener("click", () => show(side)));
  part("tabs").addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const side = document.body.getAttribute("data-side") === "cards" ? "talk" : "cards";
    show(side);
    tabs[side].focus();
  });
}

// Signed out by the server: what was written waits in the store until the same person enters again.
function askToEnter() {
  talk.stop();
  document.body.classList.remove("entered");
  part("office").hidden = true;
  if (demo) enterDemo();
  else entry.open("");
  return Promise.resolve(false);
}

async function enterDemo() {
  const status = await entry.ask({ demo: true });
  if (status >= 400 && status < 500 && status !== 429) entry.open("");
  else if (status !== 200) setTimeout(enterDemo, AGAIN);
}

// Is somebody signed in? Asked until the server can be reached.
async function signedIn() {
  for (;;) {
    const answer = await call("/session").catch(() => ({ status: 0 }));
    if (answer.status >= 200 && answer.status < 500 && answer.status !== 429) return answer;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

// The next person at this computer finds nothing, so unsent words are asked about first.
async function leave() {
  if (talk.outgoing.waiting().length && !window.confirm("Còn tin chưa gửi xong. Ông/bà vẫn muốn thoát?")) return;
  const answer = await call("/leave", { method: "POST", json: {} }).catch(() => ({ status: 0 }));
  if (answer.status !== 200 && answer.status !== 401) return talk.composer.say("Chưa thoát được. Xin thử lại khi có mạng.");
  talk.stop();
  talk.store.clear();
  location.replace("/office");
}

async function begin() {
  sizeControl(document, device);
  listenToTabs();
  show("cards");
  part("leave").addEventListener("click", leave);
  part("leave").hidden = demo;
  const code = address.get("code");
  if (code) history.replaceState(null, "", location.pathname); // a one-time code must not stay in the address
  const answer = await signedIn();
  if (answer.status === 200 && !code) open(answer);
  else if (demo) enterDemo();
  else entry.open(code);
}

begin();
