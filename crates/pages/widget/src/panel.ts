// The window of the chat: header, transcript, and at its foot either the composer or an ending.

import { Composer, type Wishes } from "./composer";
import { element, icon, show, write } from "./dom";
import { Ending } from "./ending";
import type { Snapshot } from "./session";
import type { Texts } from "./texts";
import { Transcript } from "./transcript";

export interface PanelWishes extends Wishes {
  close(): void;
  retry(key: string): void;
  startAnew(): void;
}

export class Panel {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #presence = element("p", { class: "presence" });
  readonly #link = element("p", { class: "link", role: "status" });
  readonly #transcript: Transcript;
  readonly #composer: Composer;
  readonly #ending: Ending;

  constructor(texts: Texts, wishes: PanelWishes) {
    this.#texts = texts;
    this.#transcript = new Transcript(texts, wishes.retry);
    this.#composer = new Composer(texts, wishes);
    this.#ending = new Ending(texts, wishes.startAnew);
    const close = element("button", { class: "close", type: "button", "aria-label": texts.launcherClose }, icon("cross"));
    close.addEventListener("click", wishes.close);
    this.root = element(
      "section",
      { class: "panel", role: "dialog", "aria-labelledby": "title" },
      element(
        "div",
        { class: "head" },
        element("div", { class: "mark", "aria-hidden": "true" }, icon("chat")),
        element("div", {}, element("h2", { id: "title" }, texts.title), this.#presence),
        close,
      ),
      this.#transcript.root,
      this.#link,
      this.#composer.root,
      this.#ending.root,
    );
    this.root.addEventListener("keydown", (event) => {
      // The page's own shortcuts must not hear what is typed here.
      event.stopPropagation();
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      wishes.close();
    });
    show(this.root, false);
  }

  draw({ stage, link, online, lines, typist, draft, textMax }: Snapshot): void {
    this.#transcript.draw(lines, typist);
    this.root.classList.toggle("online", online === true);
    write(this.#presence, online === undefined ? "" : online ? this.#texts.teamOnline : this.#texts.teamAway);

    const words = link === "offline" ? this.#texts.offline : link === "reconnecting" ? this.#texts.reconnecting : "";
    show(this.#link, words !== "");
    write(this.#link, words);

    const over = stage === "closed" || stage === "ended";
    const hadFocus = this.#hasFocus();
    this.#composer.limit(textMax);
    this.#composer.setText(draft.text);
    this.#ending.draw(stage === "ended" ? this.#texts.ended : this.#texts.closed, draft.heldBack ? draft.text : "");
    show(this.#composer.root, !over);
    show(this.#ending.root, over);
    // What had the focus may just have been taken away.
    if (hadFocus && !this.#hasFocus()) this.focus();
  }

  open(): void {
    show(this.root, true);
    this.#composer.fit();
    this.#transcript.toEnd();
  }

  close(): void {
    show(this.root, false);
  }

  /** On phones the panel covers the page, and is the only thing there is. */
  cover(covers: boolean): void {
    this.root.setAttribute("aria-modal", String(covers));
  }

  focus(): void {
    if (this.#composer.root.hidden) this.#ending.focus();
    else this.#composer.focus();
  }

  #hasFocus(): boolean {
    const root = this.root.getRootNode() as ShadowRoot;
    const focused = root.activeElement as HTMLElement | null;
    return focused !== null && this.root.contains(focused) && focused.closest("[hidden]") === null;
  }
}
