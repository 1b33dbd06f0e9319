// Shows a conversation's lines. Lines that stay keep their element, so that selection, focus and
// screen readers are left alone.

import { button, element, iconButton, show, write } from "./dom";
import { partsOf, type Part } from "./links";
import type { Words } from "./texts";
import type { Line, Message } from "./thread";

const NEAR_END_PX = 48;
const DAY_MS = 24 * 60 * 60_000;

export class Transcript {
  readonly root: HTMLElement;
  readonly #words: Words;
  readonly #locale: string;
  readonly #onRetry: (key: string) => void;
  readonly #scroller: HTMLElement;
  readonly #log: HTMLElement;
  readonly #typing: HTMLElement;
  readonly #typingText = element("span");
  readonly #latest: HTMLButtonElement;
  readonly #drawn = new Map<string, HTMLElement>();
  #typist: string | undefined;
  #atEnd = true;

  constructor(words: Words, onRetry: (key: string) => void) {
    this.#words = words;
    const lang = words("lang");
    // The visitor's own kind of it, if there is one: British visitors write days another way.
    this.#locale = navigator.languages.find((own) => own.split("-")[0] === lang) ?? lang;
    this.#onRetry = onRetry;
    const greeting = element(
      "div",
      { class: "greeting" },
      element("h3", {}, words("greetingTitle")),
      element("p", {}, words("greeting")),
    );
    // Not read out by itself: it changes for many reasons. What an agent says is announced, once.
    this.#log = element("div", { class: "log", role: "log", "aria-live": "off", "aria-label": words("transcript") });
    const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
    this.#typing = element("div", { class: "typing" }, dots, this.#typingText);
    this.#latest = iconButton("latest", "down", words("latest"), () => this.toEnd());
    this.#scroller = element("div", { class: "scroller", tabindex: "0" }, greeting, this.#log, this.#typing);
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // The foot grows and the keyboard comes up: whoever read the latest goes on reading it.
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(this.#scroller);
    this.root = element("div", { class: "transcript" }, this.#scroller, this.#latest);
    show(this.#typing, false);
    show(this.#latest, false);
  }

  /** `onItsWay`: what is to be sent has a line to go by. */
  draw(lines: readonly Line[], typist: string | undefined, onItsWay: boolean): void {
    const ownIsNew = lines.some((line) => line.kind === "message" && line.mine && !this.#drawn.has(line.id));
    this.#dropAllBut(new Set(lines.map((line) => line.id)));
    this.#scroller.classList.toggle("fresh", lines.length === 0);

    const lastOwn = lines.findLast((line) => line.kind === "message" && line.mine);
    let at: ChildNode | null = this.#log.firstChild;
    for (const line of lines) {
      const drawn = this.#drawn.get(line.id) ?? this.#make(line);
      if (line.kind === "message") this.#update(drawn, line, line === lastOwn, onItsWay);
      if (drawn === at) at = at.nextSibling;
      else this.#log.insertBefore(drawn, at);
    }

    this.#drawTyping(typist);
    if (this.#atEnd || ownIsNew) this.toEnd();
  }

  toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#scrolled();
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    show(this.#latest, !this.#atEnd);
  }

  #dropAllBut(kept: Set<string>): void {
    for (const [id, drawn] of this.#drawn) {
      if (kept.has(id)) continue;
      drawn.remove();
      this.#drawn.delete(id);
    }
  }

  #make(line: Line): HTMLElement {
    const made = this.#elementFor(line);
    this.#drawn.set(line.id, made);
    return made;
  }

  #elementFor(line: Line): HTMLElement {
    switch (line.kind) {
      case "day":
        return element("div", { class: "day" }, this.#dayName(line.at));
      case "joined":
        return element("div", { class: "notice" }, this.#words("joined", this.#author(line.name)));
      case "message":
        return this.#messageElement(line);
    }
  }

  #messageElement({ mine, name, text, at, key }: Message): HTMLElement {
    const author = mine ? this.#words("you") : this.#author(name);
    const retry = button("retry", () => key !== undefined && this.#onRetry(key), this.#words("tryAgain"));
    return element(
      "div",
      {},
      element("span", { class: mine ? "unseen" : "author" }, author),
      element("div", { class: "bubble" }, ...partsOf(text).map(linked)),
      element(
        "div",
        { class: "meta" },
        element("span", {}, this.#clock(at)),
        element("span", { class: "delivery" }),
        retry,
      ),
    );
  }

  #update(drawn: HTMLElement, { mine, first, last, delivery }: Message, isLastOwn: boolean, onItsWay: boolean): void {
    const quiet = delivery === "sent" && !isLastOwn;
    drawn.className = ["message", mine && "mine", first && "first", last && "last", quiet ? "quiet" : delivery]
      .filter(Boolean)
      .join(" ");
    const state = delivery && ({ sending: onItsWay ? "sending" : "waiting", sent: "sent", failed: "notSent" } as const)[delivery];
    write(drawn.querySelector<HTMLElement>(".delivery")!, state ? this.#words(state) : "");
    show(drawn.querySelector<HTMLElement>(".retry")!, delivery === "failed");
  }

  #drawTyping(typist: string | undefined): void {
    if (typist === this.#typist) return;
    this.#typist = typist;
    show(this.#typing, typist !== undefined);
    write(this.#typingText, typist === undefined ? "" : this.#words("typing", this.#author(typist)));
  }

  #author(name: string): string {
    return name || this.#words("agent");
  }

  #clock(at: number): string {
    return new Date(at).toLocaleTimeString(this.#locale, { hour: "numeric", minute: "2-digit" });
  }

  #dayName(at: number): string {
    const days = (new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / DAY_MS;
    // A day of the change to summer time is shorter, hence more than 1.
    if (days < -1.1) return new Date(at).toLocaleDateString(this.#locale, { dateStyle: "long" });
    return new Intl.RelativeTimeFormat(this.#locale, { numeric: "auto" }).format(Math.round(days), "day");
  }
}

function linked({ text, target }: Part): Node | string {
  if (target === undefined) return text;
  return element("a", { href: target, target: "_blank", rel: "noreferrer" }, text);
}
