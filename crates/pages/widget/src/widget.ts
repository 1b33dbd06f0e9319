// The widget on the page: launcher and panel in a shadow root, and what opening and closing means.

import { element } from "./dom";
import { Launcher } from "./launcher";
import { Panel } from "./panel";
import type { Heard, Session } from "./session";
import { Sound } from "./sound";
import type { SiteStorage } from "./storage";
import css from "./style.css";
import { wordsFrom, type Texts, type Words } from "./texts";

const PHONE = "(max-width: 480px)";
const OPEN = "open";
const WRITTEN_FROM_THE_RIGHT = /^(ar|fa|he|ur)/;

export class Widget {
  readonly #session: Session;
  readonly #storage: SiteStorage;
  readonly #sound: Sound;
  readonly #host = element("div", { id: "frontdesk" });
  /** Reads out what the team says while the panel is open. */
  readonly #announcer = element("div", { class: "unseen", role: "status" });
  readonly #phone = matchMedia(PHONE);
  #texts: Texts;
  #words!: Words;
  #launcher!: Launcher;
  #panel!: Panel;
  #isOpen = false;
  #drawPlanned = false;

  constructor(session: Session, storage: SiteStorage, texts: Texts) {
    this.#session = session;
    this.#storage = storage;
    this.#sound = new Sound(storage);
    this.#texts = texts;
    session.onChange = () => this.#planDraw();
    session.onHeard = (messages) => this.#heard(messages);
  }

  mount(): void {
    const shadow = this.#host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
    this.#build();
    document.body.append(this.#host);

    this.#phone.addEventListener("change", () => this.#fit());
    for (const sign of ["resize", "scroll"]) visualViewport?.addEventListener(sign, () => this.#fit());
    // Coming back to a page is no reason to take the focus.
    if (this.#storage.text(OPEN) === "yes") this.#reveal();
  }

  open(): void {
    this.#reveal();
    this.#panel.focus();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#storage.setText(OPEN, undefined);
    this.#panel.close();
    this.#session.look(false);
    this.#draw();
    this.#launcher.focus();
  }

  reset(): void {
    this.close();
    this.#session.reset();
  }

  /** Says the same in other words. */
  speak(texts: Partial<Texts>): void {
    this.#texts = { ...this.#texts, ...texts };
    // Otherwise as the page runs.
    this.#host.dir = WRITTEN_FROM_THE_RIGHT.test(`${this.#texts.lang}`) ? "rtl" : "";
    this.#build();
    if (this.#isOpen) this.#panel.open();
  }

  /** Launcher and panel, in the words of this moment. */
  #build(): void {
    const words = (this.#words = wordsFrom(this.#texts));
    const session = this.#session;
    this.#launcher = new Launcher(words, () => (this.#isOpen ? this.close() : this.open()));
    this.#panel = new Panel(words, {
      close: () => this.close(),
      toggleSound: () => {
        this.#sound.toggle();
        this.#draw();
      },
      send: (text) => session.send(text),
      write: (text) => session.write(text),
      retry: (key) => session.retry(key),
      startAnew: () => session.startAnew(),
      discard: () => session.discard(),
    });
    this.#host.lang = words("lang");
    this.#host.shadowRoot!.replaceChildren(this.#panel.root, this.#launcher.root, this.#announcer);
    this.#fit();
    this.#draw();
  }

  #reveal(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#storage.setText(OPEN, "yes");
    this.#session.look(true);
    this.#draw();
    this.#panel.open();
  }

  #heard(messages: Heard[]): void {
    if (!this.#isOpen || document.hidden) this.#sound.play();
    // The launcher tells how many there are; in the open panel they are read out.
    if (!this.#isOpen) return;
    this.#announcer.replaceChildren(
      ...messages.map(({ name, text }) => element("p", {}, `${name || this.#words("agent")}: ${text}`)),
    );
  }

  /** Many events in a row are one drawing. A hidden tab gets no animation frames, hence the microtask. */
  #planDraw(): void {
    if (this.#drawPlanned) return;
    this.#drawPlanned = true;
    queueMicrotask(() => {
      this.#drawPlanned = false;
      this.#draw();
    });
  }

  #draw(): void {
    const snapshot = this.#session.snapshot();
    this.#host.classList.toggle("open", this.#isOpen);
    this.#launcher.draw(this.#isOpen, snapshot.unread);
    this.#panel.draw(snapshot, this.#sound.isOn);
  }

  /** The part of the window that the keyboard leaves free, which no style sheet can know. */
  #fit(): void {
    this.#panel.cover(this.#phone.matches);
    if (!visualViewport) return;
    this.#host.style.setProperty("--height", `${visualViewport.height}px`);
    this.#host.style.setProperty("--top", `${visualViewport.offsetTop}px`);
  }
}
