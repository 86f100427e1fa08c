// The villager's box: a session of her own and one talk.

import { Session } from "./session.js";
import { sizeControl } from "./size.js";
import { Store } from "./store.js";
import { Talk } from "./talk.js";

const address = new URLSearchParams(location.search);
const role = address.get("role");
// Several phones of the demo share one page's sessionStorage, so each role has its own names in it.
const store = role ? new Store("session", role) : new Store("local", "box");
const session = new Session(store, { role, invitation: address.get("invitation") || address.get("code") });
const root = document.querySelector(".talk");

const talk = new Talk(root, {
  store,
  base: "/api",
  call: session.call,
  hello: () => ({ session: session.token() }),
  renew: (answer) => session.renew(answer),
  limits: () => session.limits(),
});

function showFacts(facts) {
  const commune = facts.commune || "Văn phòng xã";
  root.querySelector("[data-test=commune]").textContent = commune;
  root.querySelector("[data-test=assistant]").textContent = facts.name || "Trợ lý Gần Dân";
  countInTitle(0);
}

function countInTitle(unread) {
  const commune = session.facts().commune || "Văn phòng xã";
  document.title = (unread ? "(" + unread + ") " : "") + commune + " · Trò chuyện";
}

// A used code must not stay in the address: the page may be bookmarked or shown to others.
function forgetInvitation() {
  if (!address.has("invitation") && !address.has("code")) return;
  history.replaceState(null, "", location.pathname + (role ? "?role=" + encodeURIComponent(role) : ""));
}

session.onFacts = showFacts;
session.onTrouble = (kind) => talk.trouble(kind);
session.onRenewed = () => talk.startAgain(Boolean(role)); // a sample made anew: its old talk would only confuse
talk.view.onUnread = countInTitle;

async function open() {
  showFacts(session.facts());
  sizeControl(root, store);
  talk.draw();
  await session.open();
  forgetInvitation();
  talk.start();
  talk.composer.say(session.refused || "");
}

open();
