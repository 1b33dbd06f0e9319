// What stands in the place of the composer when nothing more can be said here.

import { button, element, show, write } from "./dom";
import type { Words } from "./texts";

export interface EndingWishes {
  startAnew(): void;
  discard(): void;
}

export class Ending {
  readonly root: HTMLElement;
  readonly #words: Words;
  readonly #reason = element("p", { role: "status" });
  readonly #question = element("p", { role: "status" });
  readonly #discard: HTMLElement;

  constructor(words: Words, wishes: EndingWishes) {
    this.#words = words;
    const anew = button("primary", wishes.startAnew, words("startAnew"));
    this.#discard = button("plain", wishes.discard, words("discard"));
    this.root = element("div", { class: "ending", tabindex: "-1" }, this.#reason, this.#question, anew, this.#discard);
  }

  /** `held` messages were not sent: starting anew sends them. */
  draw(reason: string, held: number): void {
    write(this.#reason, reason);
    write(this.#question, held > 0 ? this.#words("held", held) : "");
    show(this.#question, held > 0);
    show(this.#discard, held > 0);
  }

  /** Not on the button: whoever is typing at this moment must not press it. */
  focus(): void {
    this.root.focus({ preventScroll: true });
  }
}
