// The box at the foot of the panel: Enter sends, Shift+Enter makes a new line.

import { element, icon, show, write } from "./dom";
import type { Words } from "./texts";

export interface Wishes {
  send(text: string): void;
  write(text: string): void;
}

export class Composer {
  readonly root: HTMLFormElement;
  readonly #words: Words;
  readonly #wishes: Wishes;
  readonly #box: HTMLTextAreaElement;
  readonly #submit: HTMLButtonElement;
  readonly #warning = element("p", { class: "warning", role: "status" });
  #textMax = 4000;

  constructor(words: Words, wishes: Wishes) {
    this.#words = words;
    this.#wishes = wishes;
    this.#box = element("textarea", {
      id: "message",
      rows: "1",
      placeholder: words("placeholder"),
      enterkeyhint: "send",
      autocomplete: "off",
    });
    this.#submit = element("button", { class: "send", type: "submit", "aria-label": words("send") }, icon("send"));
    this.root = element(
      "form",
      { class: "composer" },
      element("label", { class: "unseen", for: "message" }, words("message")),
      element("div", { class: "box" }, this.#box, this.#submit),
      this.#warning,
    );
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("input", () => {
      this.fit();
      this.#wishes.write(this.#box.value);
    });
    this.fit();
  }

  draw(text: string, textMax: number): void {
    this.#textMax = textMax;
    if (this.#box.value !== text) this.#box.value = text;
    this.fit();
  }

  focus(): void {
    this.#box.focus({ preventScroll: true });
  }

  /** Measures the box: as tall as its text, up to a limit that the style sheet sets. */
  fit(): void {
    this.#box.style.height = "auto";
    if (this.#box.scrollHeight > 0) this.#box.style.height = `${this.#box.scrollHeight}px`;
    const over = this.#over();
    write(this.#warning, over > 0 ? this.#words("tooLong", over) : "");
    show(this.#warning, over > 0);
    this.#submit.disabled = over > 0 || this.#box.value.trim() === "";
  }

  #onKey(event: KeyboardEvent): void {
    // While an input method is composing, Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#send();
  }

  #send(): void {
    const text = this.#box.value.trim();
    if (text === "" || this.#over() > 0) return;
    this.draw("", this.#textMax);
    this.#wishes.send(text);
    this.focus();
  }

  /** Characters count as the server counts them, not as UTF-16 does. */
  #over(): number {
    return [...this.#box.value.trim()].length - this.#textMax;
  }
}
