// What this page remembers: JSON values under a prefix, in sessionStorage or localStorage.
// In a foreign iframe or a private window storage may be refused or full; memory then serves until the page closes.

export class Store {
  // `place` is "session" or "local". Frames of one page share a storage, so each role has its own prefix.
  constructor(place, prefix) {
    this.prefix = "gandan." + prefix + ".";
    this.memory = {};
    this.storage = openStorage(place);
  }

  get(name, otherwise) {
    const key = this.prefix + name;
    if (Object.prototype.hasOwnProperty.call(this.memory, key)) return JSON.parse(this.memory[key]);
    try {
      const text = this.storage && this.storage.getItem(key);
      return text === null || text === undefined ? otherwise : JSON.parse(text);
    } catch (refused) {
      return otherwise;
    }
  }

  set(name, value) {
    const key = this.prefix + name;
    const text = JSON.stringify(value);
    try {
      this.storage.setItem(key, text);
      delete this.memory[key];
    } catch (full) {
      this.memory[key] = text;
    }
  }

  remove(name) {
    const key = this.prefix + name;
    delete this.memory[key];
    try {
      this.storage.removeItem(key);
    } catch (refused) { /* nothing was kept there */ }
  }

  // Everything under this prefix, whoever wrote it.
  clear() {
    this.memory = {};
    try {
      Object.keys(this.storage).filter((key) => key.indexOf(this.prefix) === 0).forEach((key) => this.storage.removeItem(key));
    } catch (refused) { /* nothing was kept there */ }
  }

  // Another tab changed this value (only localStorage is shared between tabs).
  onChange(name, listener) {
    window.addEventListener("storage", (event) => {
      if (event.key === this.prefix + name) listener();
    });
  }
}

function openStorage(place) {
  try {
    return place === "session" ? window.sessionStorage : window.localStorage;
  } catch (refused) {
    return null;
  }
}
