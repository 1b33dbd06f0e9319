// Texts on their way to the server, oldest first. They survive a reload, and each keeps its key until
// the server has answered: sent twice under one key, a text still arrives once.

import type { SiteStorage } from "./storage";

export interface Unsent {
  readonly key: string;
  readonly text: string;
  readonly at: number;
  /** Where it goes; null as long as it is to start a conversation. */
  conversation: string | null;
  /** `start` went out with this key and its answer may be lost: only `start` may be asked again. */
  startTried: boolean;
  /** `held`: its conversation was closed before it; it goes nowhere until its writer says so. */
  state: "waiting" | "failed" | "held" | "accepted";
}

const ENTRY = "outbox";

export class Outbox {
  readonly #storage: SiteStorage;
  #items: Unsent[];

  constructor(storage: SiteStorage) {
    this.#storage = storage;
    this.#items = this.#stored();
  }

  all(): readonly Unsent[] {
    return this.#items;
  }

  next(): Unsent | undefined {
    return this.#items.find((item) => item.state === "waiting");
  }

  add(text: string, conversation: string | null, now: number): void {
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    this.keep({ key, text, at: now, conversation, startTried: false, state: "waiting" });
  }

  /** Writes one item down in its place, beside what other tabs have written since. */
  keep(item: Unsent): void {
    if (!this.#items.includes(item)) this.#items.push(item);
    const stored = this.#stored();
    const place = stored.findIndex(({ key }) => key === item.key);
    stored[place < 0 ? stored.length : place] = item;
    this.#storage.setJson(ENTRY, stored);
  }

  /** The server has it. The line stays until the event itself arrives. */
  accepted(item: Unsent): void {
    item.state = "accepted";
    this.#forget(item.key);
  }

  /** Its event has arrived, or nobody will ever send it. */
  remove(key: string): void {
    if (!this.#items.some((item) => item.key === key)) return;
    this.#items = this.#items.filter((item) => item.key !== key);
    this.#forget(key);
  }

  /** Those that waited for the conversation that has just been started now have a place to go. */
  direct(conversation: string): void {
    for (const item of this.#items) {
      if (item.conversation !== null || item.startTried || item.state === "accepted") continue;
      item.conversation = conversation;
      this.keep(item);
    }
  }

  held(): Unsent[] {
    return this.#items.filter(({ state }) => state === "held");
  }

  /** Keeps back what the server has not accepted of these. */
  hold(belongs: (item: Unsent) => boolean = () => true): void {
    for (const item of this.#items.filter(belongs)) {
      if (item.state === "accepted") this.remove(item.key);
      else this.#restate(item, "held");
    }
  }

  /** Lets it go, to the conversation given or to start one. */
  release(item: Unsent, conversation: string | null): void {
    item.conversation = conversation;
    item.startTried = false;
    this.#restate(item, "waiting");
  }

  discard(items: readonly Unsent[] = this.#items): void {
    for (const { key } of items) this.remove(key);
  }

  #restate(item: Unsent, state: Unsent["state"]): void {
    item.state = state;
    this.keep(item);
  }

  #forget(key: string): void {
    const rest = this.#stored().filter((item) => item.key !== key);
    this.#storage.setJson(ENTRY, rest.length > 0 ? rest : undefined);
  }

  #stored(): Unsent[] {
    const stored = this.#storage.json<Unsent[]>(ENTRY);
    return Array.isArray(stored) ? stored.filter((item) => item?.key && item.text) : [];
  }
}
