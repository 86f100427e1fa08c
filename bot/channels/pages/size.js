// A− and A+: the size of all letters on the page, remembered on this device.

const SIZES = [18, 20, 22, 24, 26]; // pixels; the style sheet has a rule for each

export function sizeControl(root, store) {
  const smaller = root.querySelector("[data-test=smaller]");
  const larger = root.querySelector("[data-test=larger]");
  const apply = (size) => {
    document.documentElement.setAttribute("data-size", size);
    store.set("size", size);
    smaller.disabled = size === SIZES[0];
    larger.disabled = size === SIZES[SIZES.length - 1];
    window.dispatchEvent(new Event("resize")); // whatever fits itself to the letters measures anew
  };
  const step = (by) => {
    const at = SIZES.indexOf(store.get("size", SIZES[0]));
    apply(SIZES[Math.min(SIZES.length - 1, Math.max(0, at + by))]);
  };
  smaller.addEventListener("click", () => step(-1));
  larger.addEventListener("click", () => step(1));
  apply(store.get("size", SIZES[0]));
}
