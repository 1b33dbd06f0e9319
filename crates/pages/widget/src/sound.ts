// The sound of a message: off until the visitor switches it on, and remembered on this device.

import type { SiteStorage } from "./storage";

const ENTRY = "sound";

export class Sound {
  readonly #storage: SiteStorage;

  constructor(storage: SiteStorage) {
    this.#storage = storage;
  }

  get isOn(): boolean {
    return this.#storage.text(ENTRY) === "on";
  }

  /** Switched on, it is heard at once: that is how loud it is. */
  toggle(): void {
    this.#storage.setText(ENTRY, this.isOn ? undefined : "on");
    this.play();
  }

  play(): void {
    // On a page that nobody has touched yet a browser plays nothing, and complains.
    if (!this.isOn || navigator.userActivation?.hasBeenActive === false) return;
    const context = new AudioContext();
    const now = context.currentTime;
    const volume = context.createGain();
    volume.gain.setValueAtTime(0.1, now);
    volume.gain.exponentialRampToValueAtTime(0.001, now + 0.5);
    const tone = context.createOscillator();
    tone.frequency.value = 660;
    tone.connect(volume).connect(context.destination);
    tone.onended = () => context.close();
    tone.start();
    tone.stop(now + 0.5);
  }
}
