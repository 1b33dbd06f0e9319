// What stands in the place of the composer when nothing more can be said here.

import { element, show, write } from "./dom";
import type { Texts } from "./texts";

export class Ending {
  readonly root: HTMLElement;
  readonly #reason = element("p", { class: "reason", role: "status" });
  readonly #heldBack: HTMLElement;
  readonly #quoted = element("blockquote");

  constructor(texts: Texts, onStartAnew: () => void) {
    this.#heldBack = element("div", { class: "held-back" }, element("p", {}, texts.heldBack), this.#quoted);
    const anew = element("button", { class: "primary", type: "button" }, texts.startAnew);
    anew.addEventListener("click", onStartAnew);
    this.root = element("div", { class: "ending", tabindex: "-1" }, this.#reason, this.#heldBack, anew);
  }

  /** `heldBack` is what the button will send. */
  draw(reason: string, heldBack: string): void {
    write(this.#reason, reason);
    show(this.#heldBack, heldBack !== "");
    write(this.#quoted, heldBack);
  }

  /** Not on the button: whoever is typing at this moment must not press it. */
  focus(): void {
    this.root.focus({ preventScroll: true });
  }
}
