// The text in the box. It survives a reload.

import type { SiteStorage } from "./storage";

const ENTRY = "draft";

export class Draft {
  text: string;
  readonly #storage: SiteStorage;

  constructor(storage: SiteStorage) {
    this.#storage = storage;
    this.text = storage.text(ENTRY) ?? "";
  }

  write(text: string): void {
    this.text = text;
    this.#storage.setText(ENTRY, text || undefined);
  }
}
