// Where the reader writes: grows with the words, keeps the draft, counts near the limit, takes pictures and papers.

const WARN = 300; // characters left when the counter appears

export class Composer {
  // `limits()` answers {text, file}: characters and bytes; `send` is {text(words), file(blob)}.
  constructor(form, store, limits, send) {
    this.form = form;
    this.store = store;
    this.limits = limits;
    this.send = send;
    this.area = form.querySelector("textarea");
    this.button = form.querySelector("[data-test=send]");
    this.counter = form.querySelector("[data-test=counter]");
    this.notice = form.querySelector("[data-test=file-notice]");
    this.input = form.querySelector("input[type=file]");
    this.area.value = store.get("draft", "");
    this.listen();
    this.changed();
  }

  listen() {
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.form.querySelector("[data-test=attach]").addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => this.files(this.input.files));
    window.addEventListener("resize", () => this.grow());
    this.area.addEventListener("paste", (event) => this.handed(event, event.clipboardData));
    // A file that is dropped anywhere is sent; the browser would open it and leave the page.
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => this.handed(event, event.dataTransfer));
  }

  // Put words back, for instance of a message that was refused; what is being written stays below them.
  put(words) {
    this.area.value = this.area.value ? words + "\n" + this.area.value : words;
    this.changed();
    this.area.focus();
  }

  // While a secret is asked the letters are dots, and no draft is kept.
  hide(secret) {
    this.secret = secret;
    this.area.classList.toggle("secret", secret);
    this.area.setAttribute("autocomplete", secret ? "off" : "on");
  }

  changed() {
    this.store.set("draft", this.secret ? "" : this.area.value);
    this.grow();
    this.count();
  }

  grow() {
    this.area.style.height = "auto";
    this.area.style.height = this.area.scrollHeight + 2 + "px";
  }

  // The server counts whole characters of composed text, so an "ế" is one.
  count() {
    const text = this.area.value.trim();
    const left = this.limits().text - Array.from(text.normalize ? text.normalize("NFC") : text).length;
    this.tooLong = left < 0;
    this.counter.hidden = left > WARN;
    this.counter.classList.toggle("over", this.tooLong);
    this.counter.textContent = this.tooLong
      ? "Dài quá " + -left + " ký tự. Xin ông/bà chia thành hai tin." : "Còn " + left + " ký tự";
    this.button.disabled = !text || this.tooLong;
  }

  // Telex and other input methods use Enter themselves; on a phone Enter is a new line.
  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (!window.matchMedia("(hover: hover) and (pointer: fine)").matches) return;
    event.preventDefault();
    this.submit();
  }

  submit() {
    const text = this.area.value.trim();
    this.count();
    if (!text || this.tooLong) return;
    this.say("");
    this.send.text(text);
    this.area.value = "";
    this.changed();
    this.area.focus();
  }

  // Pasted or dropped: files are sent, words go where words go.
  handed(event, data) {
    const files = data && data.files;
    if (!files || !files.length) return;
    event.preventDefault();
    this.files(files);
  }

  files(chosen) {
    this.say("");
    Array.from(chosen).forEach((blob) => {
      if (blob.size > this.limits().file) this.say(tooBig(blob, this.limits().file));
      else if (!blob.size) this.say("Tệp này trống. Xin ông/bà chọn tệp khác.");
      else this.send.file(blob);
    });
    this.input.value = ""; // the same file may be chosen again
  }

  say(sentence) {
    this.notice.textContent = sentence;
    this.notice.hidden = !sentence;
  }
}

function tooBig(blob, limit) {
  const size = (bytes) => (Math.round(bytes / 100000) / 10).toString().replace(".", ",") + " MB";
  return "Tệp này nặng " + size(blob.size) + ". Xin ông/bà chọn tệp dưới " + size(limit) + ".";
}
