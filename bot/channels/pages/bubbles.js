// One entry of the talk as page elements.

import { words } from "./text.js";
import { hour, standing } from "./time.js";

const HALF = 14; // letters; two labels up to this length share a row

// The office's message: who signs it, words, pictures, papers, recordings, a running promise, and the buttons under it.
export function botBubble(entry, { onTap, pictures, documents, sounds }) {
  const row = element("div", "row bot");
  const bubble = element("div", entry.signature ? "bubble signed" : "bubble");
  bubble.setAttribute("data-test", entry.signature ? "bubble-official" : "bubble-bot");
  if (entry.signature) bubble.appendChild(signature(entry.signature));
  if (entry.text) bubble.appendChild(body(words(entry.text)));
  (entry.pictures || []).forEach((file) => bubble.appendChild(pictures.element(file, "Ảnh từ văn phòng xã")));
  (entry.documents || []).forEach((file) => bubble.appendChild(documents.element(file)));
  (entry.sounds || []).forEach((name) => bubble.appendChild(sounds.element(name)));
  if (entry.clock) bubble.appendChild(promise(entry.clock));
  bubble.appendChild(meta((entry.updated ? "Đã cập nhật · " : "") + hour(entry.at)));
  row.appendChild(bubble);
  if (entry.buttons && entry.buttons.length) row.appendChild(choices(entry.buttons, (button) => onTap(entry, button)));
  return row;
}

// The reader's own words or file, with how far it has got.
export function ownBubble(entry, { onRetry, pictures, blobs }) {
  const row = element("div", "row own");
  const bubble = element("div", "bubble");
  bubble.setAttribute("data-test", "bubble-own");
  if (entry.kind === "photo" && entry.pictures) bubble.appendChild(pictures.element(entry.pictures[0], "Ảnh ông/bà đã gửi"));
  else if (entry.file) bubble.appendChild(attachment(entry, blobs));
  if (entry.text) bubble.appendChild(body(document.createTextNode(entry.text)));
  const foot = meta(hour(entry.at));
  foot.appendChild(element("span", "state"));
  bubble.appendChild(foot);
  row.appendChild(bubble);
  ownState(row, entry, onRetry);
  return row;
}

// The state changes in place: a bubble drawn anew would be read aloud a second time.
export function ownState(row, entry, onRetry) {
  const state = row.querySelector(".state");
  const said = { received: "Đã nhận", refused: "Chưa gửi được" }[entry.state] || "Đang gửi…";
  if (state.textContent !== said) state.textContent = said;
  row.setAttribute("data-state", entry.state);
  const progress = row.querySelector("progress");
  if (progress) progress.hidden = entry.state !== "sending";
  if (entry.state === "refused" && !row.querySelector(".refusal")) row.appendChild(refusal(entry, onRetry));
}

// How much of a file has left, 0 to 1.
export function ownProgress(row, share) {
  const progress = row.querySelector("progress");
  if (progress) progress.value = share;
}

export function choices(buttons, onTap) {
  const group = element("div", "choices");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Các lựa chọn");
  buttons.forEach((button, at) => {
    const choice = element("button", shares(buttons, at) ? "choice half" : "choice");
    choice.type = "button";
    choice.setAttribute("data-test", "button");
    choice.setAttribute("data-token", button.token);
    numbered(choice, button.label);
    choice.addEventListener("click", () => {
      calm(choice);
      onTap(button);
    });
    group.appendChild(choice);
  });
  return group;
}

// A trembling hand taps twice; the second tap within a second is not meant.
function calm(choice) {
  choice.disabled = true;
  setTimeout(() => { choice.disabled = false; }, 900);
}

// Short labels stand in pairs: is this one part of a pair?
function shares(buttons, at) {
  const short = (button) => button && button.label.length <= HALF;
  let first = at;
  while (short(buttons[first - 1])) first -= 1;
  const partner = (at - first) % 2 ? at - 1 : at + 1;
  return short(buttons[at]) && short(buttons[partner]);
}

function numbered(choice, label) {
  const hit = /^(\d+)\.\s+/.exec(label);
  choice.classList.toggle("plain", !hit);
  if (hit) {
    const number = element("span", "number", hit[1]);
    number.appendChild(element("span", "sr", "."));
    choice.appendChild(number);
  }
  choice.appendChild(element("span", "label", (hit ? " " : "") + (hit ? label.slice(hit[0].length) : label)));
}

function signature(who) {
  const head = element("div", "signature");
  const face = element("span", "face", initials(who.name));
  face.setAttribute("aria-hidden", "true");
  head.appendChild(face);
  const lines = element("span", "who");
  lines.appendChild(element("strong", "", who.name));
  lines.appendChild(element("span", "post", who.post));
  head.appendChild(lines);
  return head;
}

// Vietnamese people are called by the last word of their name.
function initials(name) {
  const parts = name.trim().split(/\s+/);
  return (parts.length > 1 ? parts[0][0] : "") + parts[parts.length - 1][0];
}

// A promise made to the villager is shown while it runs; the office itself says sorry when it has passed.
function promise(clock) {
  const line = element("div", "promise");
  line.setAttribute("data-from", clock.from);
  line.setAttribute("data-until", clock.until);
  drawPromise(line);
  return line;
}

export function drawPromise(line) {
  const until = line.getAttribute("data-until");
  const state = standing({ from: line.getAttribute("data-from"), until });
  const said = "Hẹn trước " + hour(until) + ", " + state.words;
  line.hidden = state.level === "late";
  if (line.textContent !== said) line.textContent = said;
}

function attachment(entry, blobs) {
  const box = element("div", "attachment");
  const blob = blobs[entry.uuid];
  if (blob && /^image\//.test(blob.type)) box.appendChild(preview(blob));
  else box.appendChild(element("span", "file-name", entry.file));
  if (!entry.pictures) {
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    progress.setAttribute("aria-label", "Đang gửi " + entry.file);
    box.appendChild(progress);
  }
  return box;
}

function preview(blob) {
  const image = document.createElement("img");
  image.alt = "Ảnh đang gửi";
  image.src = URL.createObjectURL(blob);
  return image;
}

function refusal(entry, onRetry) {
  const box = element("div", "refusal");
  box.setAttribute("role", "alert");
  box.appendChild(element("span", "why", entry.error));
  if (entry.text && entry.kind === "text") {
    const again = element("button", "again", "Sửa và gửi lại");
    again.type = "button";
    again.setAttribute("data-test", "edit-again");
    again.addEventListener("click", () => onRetry(entry));
    box.appendChild(again);
  }
  return box;
}

function body(content) {
  const words = element("div", "words");
  words.appendChild(content);
  return words;
}

function meta(text) {
  const foot = element("div", "meta");
  foot.appendChild(element("span", "", text));
  return foot;
}

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
