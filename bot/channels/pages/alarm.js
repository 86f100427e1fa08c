// The sound for loud messages. Browsers allow sound only after a press, so there is a button, and its choice is kept.

const TONES = [[660, 0], [880, 0.18], [660, 0.36]]; // hertz, seconds after the start

export class Alarm {
  constructor(button, store) {
    this.button = button;
    this.store = store;
    this.context = null;
    button.addEventListener("click", () => this.toggle());
    // Any press wakes the sound of an alarm switched on earlier.
    document.addEventListener("click", () => { if (this.isOn()) this.wake(); });
    this.show();
  }

  isOn() {
    return this.store.get("alarm", false);
  }

  toggle() {
    this.store.set("alarm", !this.isOn());
    this.show();
    if (!this.isOn()) return;
    this.wake();
    this.ring();
  }

  show() {
    const on = this.isOn();
    this.button.setAttribute("aria-pressed", String(on));
    this.button.querySelector("span").textContent = on ? "Tắt âm báo" : "Bật âm báo";
  }

  wake() {
    const Sound = window.AudioContext || window.webkitAudioContext;
    if (!Sound) return;
    this.context = this.context || new Sound();
    if (this.context.state === "suspended") this.context.resume();
  }

  ring() {
    if (!this.isOn() || !this.context) return;
    TONES.forEach(([pitch, after]) => this.tone(pitch, this.context.currentTime + after));
  }

  tone(pitch, at) {
    const voice = this.context.createOscillator();
    const volume = this.context.createGain();
    voice.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.16);
    voice.connect(volume);
    volume.connect(this.context.destination);
    voice.start(at);
    voice.stop(at + 0.18);
  }
}
