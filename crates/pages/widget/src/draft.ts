// The text in the box. It survives a reload, and it takes back what a closed conversation refused.

import type { SiteStorage } from "./storage";

const TEXT = "draft";
const HELD_BACK = "held-back";

export class Draft {
  text: string;
  /** The text as it stands was meant to be sent and came back. */
  heldBack: boolean;
  readonly #storage: SiteStorage;

  constructor(storage: SiteStorage) {
    this.#storage = storage;
    this.text = storage.text(TEXT) ?? "";
    this.heldBack = storage.text(HELD_BACK) !== undefined;
  }

  write(text: string, heldBack = false): void {
    this.text = text;
    this.heldBack = heldBack;
    this.#storage.setText(TEXT, text || undefined);
    this.#storage.setText(HELD_BACK, heldBack ? "yes" : undefined);
  }

  /** Puts refused texts back, before what is being written. A half-written text is nobody's wish to send. */
  takeBack(texts: string[]): void {
    if (texts.length === 0) return;
    const unfinished = this.text !== "" && !this.heldBack;
    const all = unfinished ? [...texts, this.text] : [this.text, ...texts];
    this.write(all.filter(Boolean).join("\n"), !unfinished);
  }
}
