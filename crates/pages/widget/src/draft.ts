// The text in the box. It survives a reload, and it takes back what a closed conversation refused.

import type { SiteStorage } from "./storage";

interface Stored {
  text: string;
  heldBack: boolean;
}

const ENTRY = "draft";

export class Draft {
  private stored: Stored;

  constructor(private readonly storage: SiteStorage) {
    this.stored = storage.json(ENTRY, isStored) ?? { text: "", heldBack: false };
  }

  get text(): string {
    return this.stored.text;
  }

  /** Whether the text as it stands was meant to be sent and came back. */
  get heldBack(): boolean {
    return this.stored.heldBack;
  }

  write(text: string): void {
    this.store({ text, heldBack: false });
  }

  /** Puts refused texts back, before what is being written. A half-written text is nobody's wish to send. */
  takeBack(texts: string[]): void {
    if (texts.length === 0) return;
    const unfinished = this.text !== "" && !this.heldBack;
    const earlier = this.text === "" ? [] : [this.text];
    const all = unfinished ? [...texts, ...earlier] : [...earlier, ...texts];
    this.store({ text: all.join("\n"), heldBack: !unfinished });
  }

  private store(stored: Stored): void {
    this.stored = stored;
    this.storage.setJson(ENTRY, stored.text === "" ? undefined : stored);
  }
}

function isStored(value: unknown): value is Stored {
  const stored = value as Stored | null;
  return typeof stored?.text === "string" && typeof stored.heldBack === "boolean";
}
