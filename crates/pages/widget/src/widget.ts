// The widget on the page: launcher and panel in a shadow root, and what opening and closing means.

import { element } from "./dom";
import { Launcher } from "./launcher";
import { Panel } from "./panel";
import type { Session } from "./session";
import type { SiteStorage } from "./storage";
import css from "./style.css";
import type { Texts } from "./texts";

const PHONE = "(max-width: 480px)";
const OPEN = "open";

export class Widget {
  readonly #session: Session;
  readonly #storage: SiteStorage;
  readonly #host = element("div", { id: "frontdesk", lang: "en" });
  readonly #launcher: Launcher;
  readonly #panel: Panel;
  readonly #phone = matchMedia(PHONE);
  #isOpen = false;
  #drawPlanned = false;

  constructor(session: Session, storage: SiteStorage, texts: Texts) {
    this.#session = session;
    this.#storage = storage;
    this.#launcher = new Launcher(texts, () => (this.#isOpen ? this.close() : this.open()));
    this.#panel = new Panel(texts, {
      close: () => this.close(),
      send: (text) => session.send(text),
      write: (text) => session.write(text),
      retry: (key) => session.retry(key),
      startAnew: () => session.startAnew(),
    });
    session.onChange = () => this.#planDraw();
  }

  mount(): void {
    const shadow = this.#host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(this.#panel.root, this.#launcher.root);
    document.body.append(this.#host);

    this.#phone.addEventListener("change", () => this.#fit());
    visualViewport?.addEventListener("resize", () => this.#fit());
    visualViewport?.addEventListener("scroll", () => this.#fit());
    this.#fit();
    this.#draw();
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

  #reveal(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#storage.setText(OPEN, "yes");
    this.#session.look(true);
    this.#draw();
    this.#panel.open();
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
    this.#panel.draw(snapshot);
  }

  /** The part of the window that the keyboard leaves free, which no style sheet can know. */
  #fit(): void {
    this.#panel.cover(this.#phone.matches);
    if (!visualViewport) return;
    this.#host.style.setProperty("--height", `${visualViewport.height}px`);
    this.#host.style.setProperty("--top", `${visualViewport.offsetTop}px`);
  }
}
