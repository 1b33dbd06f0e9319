// The window of the chat: header, transcript, and at its foot either the composer or an ending.

import { Composer, type Wishes } from "./composer";
import { element, icon, iconButton, show, write } from "./dom";
import { Ending, type EndingWishes } from "./ending";
import type { Snapshot } from "./session";
import type { Words } from "./texts";
import { Transcript } from "./transcript";

export interface PanelWishes extends Wishes, EndingWishes {
  close(): void;
  toggleSound(): void;
  retry(key: string): void;
}

export class Panel {
  readonly root: HTMLElement;
  readonly #words: Words;
  readonly #presence = element("p", { class: "presence" });
  readonly #link = element("p", { class: "link", role: "status" });
  readonly #sound: HTMLElement;
  readonly #transcript: Transcript;
  readonly #composer: Composer;
  readonly #ending: Ending;
  #covers = false;

  constructor(words: Words, wishes: PanelWishes) {
    this.#words = words;
    this.#transcript = new Transcript(words, wishes.retry);
    this.#composer = new Composer(words, wishes);
    this.#ending = new Ending(words, wishes);
    this.#sound = iconButton("sound", "bell", words("sound"), wishes.toggleSound);
    this.#sound.setAttribute("role", "switch");
    this.root = element(
      "section",
      { class: "panel", role: "dialog", "aria-labelledby": "title" },
      element(
        "div",
        { class: "head" },
        element("div", { class: "mark", "aria-hidden": "true" }, icon("chat")),
        element("div", {}, element("h2", { id: "title" }, words("title")), this.#presence),
        this.#sound,
        iconButton("close", "cross", words("launcherClose"), wishes.close),
      ),
      this.#transcript.root,
      this.#link,
      this.#composer.root,
      this.#ending.root,
    );
    this.root.addEventListener("keydown", (event) => {
      // The page's own shortcuts must not hear what is typed here.
      event.stopPropagation();
      if (event.key === "Tab" && this.#covers) this.#keepInside(event);
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      wishes.close();
    });
    show(this.root, false);
  }

  draw({ stage, link, online, lines, typist, draft, held, textMax }: Snapshot, soundIsOn: boolean): void {
    this.root.classList.toggle("online", online === true);
    write(this.#presence, online === undefined ? "" : this.#words(online ? "teamOnline" : "teamAway"));
    this.#sound.setAttribute("aria-checked", String(soundIsOn));
    show(this.#link, link !== "quiet");
    write(this.#link, link === "quiet" ? "" : this.#words(link));

    const over = stage === "closed" || stage === "ended";
    const hadFocus = this.#focused() !== undefined;
    this.#composer.draw(draft, textMax);
    this.#ending.draw(over ? this.#words(stage) : "", held);
    this.root.classList.toggle("over", over);
    show(this.#composer.root, !over);
    show(this.#ending.root, over);
    // After the foot, which may have grown: whoever read the latest goes on reading it.
    this.#transcript.draw(lines, typist, link === "quiet");
    // What had the focus may just have been taken away.
    if (hadFocus && this.#focused() === undefined) this.focus();
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
    this.#covers = covers;
    this.root.setAttribute("aria-modal", String(covers));
  }

  focus(): void {
    if (this.#composer.root.hidden) this.#ending.focus();
    else this.#composer.focus();
  }

  /** The Tab key goes round in a circle. */
  #keepInside(event: KeyboardEvent): void {
    const all = this.root.querySelectorAll<HTMLElement>("button:enabled,textarea,a,[tabindex='0']");
    const stops = [...all].filter((stop) => stop.getClientRects().length > 0);
    if (stops.at(event.shiftKey ? 0 : -1) !== this.#focused()) return;
    event.preventDefault();
    stops.at(event.shiftKey ? -1 : 0)?.focus();
  }

  #focused(): Element | undefined {
    const focused = (this.root.getRootNode() as ShadowRoot).activeElement;
    return focused && this.root.contains(focused) && !focused.closest("[hidden]") ? focused : undefined;
  }
}
