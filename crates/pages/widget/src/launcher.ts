// The round button in the corner of the page.

import { element, icon, show, write } from "./dom";
import type { Texts } from "./texts";

const SHOWN_MAX = 9;

export class Launcher {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #button: HTMLButtonElement;
  readonly #badge = element("span", { class: "badge", "aria-hidden": "true" });
  readonly #spoken = element("span", { class: "unseen", id: "unread", role: "status" });

  constructor(texts: Texts, onPress: () => void) {
    this.#texts = texts;
    this.#button = element(
      "button",
      { class: "launcher", type: "button", "aria-haspopup": "dialog", "aria-describedby": "unread" },
      icon("chat"),
      icon("down"),
    );
    this.#button.addEventListener("click", onPress);
    this.root = element("div", { class: "corner" }, this.#button, this.#badge, this.#spoken);
    this.draw(false, 0);
  }

  draw(open: boolean, unread: number): void {
    this.#button.setAttribute("aria-label", open ? this.#texts.launcherClose : this.#texts.launcherOpen);
    this.#button.setAttribute("aria-expanded", String(open));
    const visible = !open && unread > 0;
    show(this.#badge, visible);
    write(this.#badge, unread > SHOWN_MAX ? `${SHOWN_MAX}+` : String(unread));
    write(this.#spoken, visible ? this.#texts.unread(unread) : "");
  }

  focus(): void {
    this.#button.focus({ preventScroll: true });
  }
}
