// The demo page: three phones, each a real session of its own, and a few dossier codes to try.

const tabs = Array.from(document.querySelectorAll("[role=tab]"));

// Narrow windows show one phone at a time.
function showPhone(name) {
  document.body.setAttribute("data-phone", name);
  tabs.forEach((tab) => {
    const chosen = tab.getAttribute("data-phone") === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  });
}

function stepTab(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  const at = tabs.indexOf(document.activeElement);
  const next = tabs[(at + by + tabs.length) % tabs.length];
  showPhone(next.getAttribute("data-phone"));
  next.focus();
}

async function showCodes() {
  const response = await fetch("/api/demo");
  if (!response.ok) return;
  const sample = await response.json();
  document.querySelector("[data-test=commune]").textContent = sample.commune;
  const list = document.querySelector("[data-test=codes]");
  sample.codes.forEach((dossier) => list.appendChild(chip(dossier)));
  document.querySelector("[data-test=try]").hidden = false;
}

function chip({ code, tail, about }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("data-test", "code-chip");
  button.setAttribute("data-code", code);
  line(button, "strong", code);
  line(button, "span", about + (tail ? " · số cuối " + tail : ""));
  button.addEventListener("click", () => copy(button, code));
  item.appendChild(button);
  return item;
}

function line(parent, name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  parent.appendChild(made);
}

async function copy(button, code) {
  try {
    await navigator.clipboard.writeText(code);
  } catch (refused) {
    copyBySelection(code); // pages without https have no clipboard of their own
  }
  document.querySelector("[data-test=copied]").textContent = "Đã chép mã " + code;
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1600);
}

function copyBySelection(code) {
  const field = document.createElement("textarea");
  field.value = code;
  field.className = "sr";
  document.body.appendChild(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

tabs.forEach((tab) => tab.addEventListener("click", () => showPhone(tab.getAttribute("data-phone"))));
document.querySelector("[role=tablist]").addEventListener("keydown", stepTab);
showPhone("villager");
showCodes().catch(() => { /* without the codes the phones still work */ });
