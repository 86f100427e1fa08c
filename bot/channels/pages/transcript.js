// The talk as this page knows it: entries in order, kept in the store so that a reload shows them again.
//
// An entry is either the office's  {side: "bot", id, place, at, text, buttons, signature, clock, card, pictures, documents, sounds, updated, chosen}
// or the reader's own              {side: "own", uuid, at, kind, text, state, error, pictures, file}.
// `place` is the id that decides where it stands; a newer state of a card takes over the place of the older one.
// Every change reads the store first: two tabs of one browser share it, and neither may undo the other.

const KEPT = 200;
const REMEMBERED = 600; // ids of messages already shown, longer than the entries themselves

export class Transcript {
  constructor(store) {
    this.store = store;
  }

  entries() {
    return this.store.get("talk", []);
  }

  // The highest id seen; the server also sends late ones with lower ids by itself.
  cursor() {
    return this.store.get("seen", []).reduce((highest, id) => Math.max(highest, id), 0);
  }

  // Take messages from the server; answers those that were new, in order of their ids.
  receive(messages) {
    const seen = this.store.get("seen", []);
    const known = new Set(seen);
    const fresh = messages.filter((message) => !known.has(message.id) && known.add(message.id));
    if (!fresh.length) return fresh;
    fresh.sort((a, b) => a.id - b.id);
    this.change((entries) => fresh.reduce(placed, entries));
    this.store.set("seen", seen.concat(fresh.map((message) => message.id)).slice(-REMEMBERED));
    return fresh;
  }

  addOwn(entry) {
    this.change((entries) => entries.concat(Object.assign({ side: "own" }, entry)));
  }

  // Change the reader's own entry with this name; does nothing when it is no longer kept.
  settle(uuid, facts) {
    this.change((entries) => entries.map((entry) => (entry.uuid === uuid ? Object.assign({}, entry, facts) : entry)));
  }

  removeOwn(uuid) {
    this.change((entries) => entries.filter((entry) => entry.uuid !== uuid));
  }

  choose(place, token) {
    this.change((entries) => entries.map((entry) =>
      (entry.side === "bot" && entry.place === place ? Object.assign({}, entry, { chosen: token }) : entry)));
  }

  // A new session counts its messages anew: what was said stays to be read, but no longer hides new ids.
  startAgain() {
    this.store.set("seen", []);
    this.change((entries) => entries.map((entry, at) =>
      (entry.side === "bot" ? Object.assign({}, entry, { id: at - KEPT - 1, place: at - KEPT - 1 }) : entry)));
  }

  forget() {
    this.store.remove("talk");
    this.store.remove("seen");
  }

  change(how) {
    this.store.set("talk", how(this.entries()).slice(-KEPT));
  }
}

function placed(entries, message) {
  const old = entries.findIndex((entry) => isOlderState(entry, message));
  if (message.gone) return old < 0 ? entries : entries.filter((_, at) => at !== old);
  const entry = Object.assign({ side: "bot", place: message.id }, message);
  if (old < 0) return inserted(entries, entry);
  if (entries[old].id > message.id) return entries; // a late, already overtaken state
  const successor = Object.assign(entry, { place: entries[old].place, updated: true });
  return entries.map((each, at) => (at === old ? successor : each));
}

function isOlderState(entry, message) {
  if (entry.side !== "bot") return false;
  if (message.replaces && (entry.id === message.replaces || entry.place === message.replaces)) return true;
  return Boolean(message.card) && entry.card === message.card;
}

// Before the first of the office's messages with a higher id; own words keep where they were said.
function inserted(entries, entry) {
  const later = entries.findIndex((other) => other.side === "bot" && other.place > entry.place);
  const at = later < 0 ? entries.length : later;
  return entries.slice(0, at).concat(entry, entries.slice(at));
}
