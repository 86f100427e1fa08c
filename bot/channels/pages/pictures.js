// Pictures are fetched with the session's header, shown from memory, and enlarged by a tap.

const LONG = 1.8; // times as high as wide

export class Pictures {
  constructor(call) {
    this.call = call;
    this.addresses = {}; // file id -> promise of an object URL
    this.shade = buildShade(() => this.close());
    document.body.appendChild(this.shade);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.shade.hidden) this.close();
      if (event.key === "Tab" && !this.shade.hidden) event.preventDefault(); // the one button keeps the focus
    });
  }

  // A picture the reader has just chosen needs no fetching.
  know(file, blob) {
    this.addresses[file] = Promise.resolve(URL.createObjectURL(blob));
  }

  address(file) {
    if (!this.addresses[file]) {
      this.addresses[file] = this.call("/files/" + encodeURIComponent(file), { bytes: true }).then((answer) => {
        if (answer.status !== 200) throw new Error("no such picture");
        return URL.createObjectURL(answer.blob);
      });
      this.addresses[file].catch(() => { delete this.addresses[file]; });
    }
    return this.addresses[file];
  }

  // A button holding the picture; `about` says what it is for people who can't see it.
  element(file, about) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "picture";
    button.setAttribute("data-test", "picture");
    button.setAttribute("aria-label", about + ". Chạm để xem lớn");
    this.address(file).then((address) => {
      const image = document.createElement("img");
      image.src = address;
      image.alt = about;
      image.onerror = () => missing(button);
      button.appendChild(image);
      button.onclick = () => this.enlarge(address, about, button);
    }).catch(() => missing(button));
    return button;
  }

  enlarge(address, about, from) {
    this.from = from;
    const image = this.shade.querySelector("img");
    image.src = address;
    image.alt = about;
    const shown = from.querySelector("img"); // a slip is as long as a page: as wide as the screen, and scrolled
    this.shade.classList.toggle("tall", Boolean(shown) && shown.naturalHeight > LONG * shown.naturalWidth);
    this.shade.scrollTop = 0;
    this.shade.hidden = false;
    this.shade.querySelector("button").focus();
  }

  close() {
    this.shade.hidden = true;
    if (this.from) this.from.focus();
  }
}

function missing(button) {
  button.className = "picture missing";
  button.textContent = "Ảnh đã gửi";
  button.disabled = true;
}

function buildShade(close) {
  const shade = document.createElement("div");
  shade.className = "shade";
  shade.hidden = true;
  shade.setAttribute("role", "dialog");
  shade.setAttribute("aria-modal", "true");
  shade.setAttribute("aria-label", "Xem ảnh lớn");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "shade-close";
  button.textContent = "Đóng";
  shade.appendChild(document.createElement("img"));
  shade.appendChild(button);
  shade.addEventListener("click", close);
  return shade;
}
