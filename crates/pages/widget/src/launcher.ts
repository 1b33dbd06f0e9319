// The round button in the corner of the page.

import { button, element, icon, label, show, write } from "./dom";
import type { Words } from "./texts";

const SHOWN_MAX = 9;

export class Launcher {
  readonly root: HTMLElement;
  readonly #words: Words;
  readonly #button: HTMLButtonElement;
  readonly #badge = element("span", { class: "badge", "aria-hidden": "true" });
  readonly #spoken = element("span", { class: "unseen", id: "unread", role: "status" });

  constructor(words: Words, onPress: () => void) {
    this.#words = words;
    this.#button = button("launcher", onPress, icon("chat"), icon("down"));
    this.#button.setAttribute("aria-haspopup", "dialog");
    this.#button.setAttribute("aria-describedby", "unread");
    this.root = element("div", { class: "corner" }, this.#button, this.#badge, this.#spoken);
    this.draw(false, 0);
  }

  draw(open: boolean, unread: number): void {
    label(this.#button, this.#words(open ? "launcherClose" : "launcherOpen"));
    this.#button.setAttribute("aria-expanded", String(open));
    const visible = !open && unread > 0;
    show(this.#badge, visible);
    write(this.#badge, unread > SHOWN_MAX ? `${SHOWN_MAX}+` : String(unread));
    write(this.#spoken, visible ? this.#words("unread", unread) : "");
  }

  focus(): void {
    this.#button.focus({ preventScroll: true });
  }
}
