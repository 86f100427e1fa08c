// The door of the office: a one-time invitation code, and a PIN where several people share one computer.

export class Entry {
  // `call` asks the server; `entered(facts)` hears who came in.
  constructor(form, call, entered) {
    this.form = form;
    this.call = call;
    this.entered = entered;
    this.code = form.querySelector("[data-test=code]");
    this.shared = form.querySelector("[data-test=shared]");
    this.pin = form.querySelector("[data-test=pin]");
    this.error = form.querySelector("[data-test=entry-error]");
    this.button = form.querySelector("[data-test=enter]");
    this.shared.addEventListener("change", () => this.showPin());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  open(code) {
    this.code.value = code || this.code.value;
    this.form.hidden = false;
    (this.code.value ? this.button : this.code).focus();
  }

  showPin() {
    this.form.querySelector(".pin").hidden = !this.shared.checked;
    if (this.shared.checked) this.pin.focus();
  }

  async submit() {
    const code = this.code.value.trim();
    const shared = this.shared.checked;
    if (!code) return this.refuse("Xin nhập mã mời.", this.code);
    if (shared && !/^\d{4,6}$/.test(this.pin.value)) return this.refuse("Mã PIN gồm 4 đến 6 chữ số.", this.pin);
    const wish = { invitation: code, shared };
    if (shared) wish.pin = this.pin.value;
    await this.ask(wish);
  }

  // Answers the status, so that the demo can try again.
  async ask(wish) {
    this.button.disabled = true;
    let answer;
    try {
      answer = await this.call("/enter", { method: "POST", json: wish });
    } catch (unreachable) {
      answer = { status: 0, error: "Chưa kết nối được. Xin thử lại sau ít phút." };
    }
    this.button.disabled = false;
    if (answer.status !== 200) {
      this.refuse(answer.error || "Văn phòng đang bận. Xin thử lại sau ít phút.", this.code);
      return answer.status;
    }
    this.form.hidden = true;
    this.pin.value = "";
    this.code.value = "";
    this.refuse("");
    this.entered(answer, wish);
    return answer.status;
  }

  refuse(sentence, field) {
    this.error.textContent = sentence;
    this.error.hidden = !sentence;
    if (field && !this.form.hidden) field.focus();
  }
}
