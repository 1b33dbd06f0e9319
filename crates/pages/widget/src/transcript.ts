// Shows a conversation's lines. Lines that stay keep their element, so that selection, focus and
// screen readers are left alone.

import { element, icon, show, write } from "./dom";
import { partsOf, type Part } from "./links";
import type { Texts } from "./texts";
import type { Line, Message } from "./thread";

const NEAR_END_PX = 48;

export class Transcript {
  readonly root: HTMLElement;
  readonly #texts: Texts;
  readonly #onRetry: (key: string) => void;
  readonly #scroller: HTMLElement;
  readonly #log: HTMLElement;
  readonly #typing: HTMLElement;
  readonly #typingText = element("span");
  readonly #latest: HTMLButtonElement;
  readonly #drawn = new Map<string, HTMLElement>();
  #typist: string | undefined;
  #atEnd = true;

  constructor(texts: Texts, onRetry: (key: string) => void) {
    this.#texts = texts;
    this.#onRetry = onRetry;
    const greeting = element(
      "div",
      { class: "greeting" },
      element("span", { class: "mark" }, icon("chat")),
      element("h3", {}, texts.greetingTitle),
      element("p", {}, texts.greeting),
    );
    this.#log = element("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": texts.transcript });
    const dots = element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
    this.#typing = element("div", { class: "typing" }, dots, this.#typingText);
    this.#latest = element("button", { class: "latest", type: "button", "aria-label": texts.latest }, icon("down"));
    this.#latest.addEventListener("click", () => this.toEnd());
    this.#scroller = element("div", { class: "scroller", tabindex: "0" }, greeting, this.#log, this.#typing);
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // The foot grows and the keyboard comes up: whoever read the latest goes on reading it.
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(this.#scroller);
    this.root = element("div", { class: "transcript" }, this.#scroller, this.#latest);
    show(this.#typing, false);
    show(this.#latest, false);
  }

  draw(lines: readonly Line[], typist: string | undefined): void {
    const ownIsNew = lines.some((line) => line.kind === "message" && line.mine && !this.#drawn.has(line.id));
    this.#dropAllBut(new Set(lines.map((line) => line.id)));
    this.#scroller.classList.toggle("fresh", lines.length === 0);

    const lastOwn = lines.findLast((line) => line.kind === "message" && line.mine);
    let at: ChildNode | null = this.#log.firstChild;
    for (const line of lines) {
      const drawn = this.#drawn.get(line.id) ?? this.#make(line);
      if (line.kind === "message") this.#update(drawn, line, line === lastOwn);
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
        return element("div", { class: "notice" }, this.#texts.joined(line.name || this.#texts.agent));
      case "message":
        return this.#messageElement(line);
    }
  }

  #messageElement({ mine, name, text, at, key }: Message): HTMLElement {
    const author = mine ? this.#texts.you : name || this.#texts.agent;
    const retry = element("button", { class: "retry", type: "button" }, this.#texts.tryAgain);
    retry.addEventListener("click", () => key !== undefined && this.#onRetry(key));
    return element(
      "div",
      {},
      element("span", { class: mine ? "unseen" : "author" }, author),
      element("div", { class: "bubble" }, ...partsOf(text).map(linked)),
      element(
        "div",
        { class: "meta" },
        element("time", { datetime: new Date(at).toISOString() }, this.#clock(at)),
        element("span", { class: "delivery" }),
        retry,
      ),
    );
  }

  #update(drawn: HTMLElement, { mine, first, last, delivery }: Message, isLastOwn: boolean): void {
    const quiet = delivery === "sent" && !isLastOwn;
    drawn.className = ["message", mine && "mine", first && "first", last && "last", quiet ? "quiet" : delivery]
      .filter(Boolean)
      .join(" ");
    const { sending, sent, notSent } = this.#texts;
    const words = delivery && { sending, sent, failed: notSent }[delivery];
    write(drawn.querySelector<HTMLElement>(".delivery")!, words ?? "");
    show(drawn.querySelector<HTMLElement>(".retry")!, delivery === "failed");
  }

  #drawTyping(typist: string | undefined): void {
    if (typist === this.#typist) return;
    this.#typist = typist;
    show(this.#typing, typist !== undefined);
    write(this.#typingText, typist === undefined ? "" : this.#texts.typing(typist || this.#texts.agent));
  }

  #clock(at: number): string {
    return new Date(at).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  }

  #dayName(at: number): string {
    const today = new Date();
    const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
    const day = new Date(at);
    if (day.toDateString() === today.toDateString()) return this.#texts.today;
    if (day.toDateString() === yesterday.toDateString()) return this.#texts.yesterday;
    const year = day.getFullYear() === today.getFullYear() ? undefined : ("numeric" as const);
    return day.toLocaleDateString([], { weekday: "short", day: "numeric", month: "long", year });
  }
}

function linked({ text, target }: Part): Node | string {
  if (target === undefined) return text;
  return element("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, text);
}
