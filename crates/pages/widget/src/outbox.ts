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
  state: "waiting" | "failed" | "accepted";
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

  /** Writes one item down, beside what other tabs have written since. */
  keep(item: Unsent): void {
    if (!this.#items.includes(item)) this.#items.push(item);
    const others = this.#stored().filter(({ key }) => key !== item.key);
    this.#storage.setJson(ENTRY, [...others, item]);
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

  /** Forgets these, and takes back the texts that the server has not accepted. */
  withdraw(belongs: (item: Unsent) => boolean = () => true): string[] {
    const withdrawn = this.#items.filter(belongs);
    for (const { key } of withdrawn) this.remove(key);
    return withdrawn.filter(({ state }) => state !== "accepted").map(({ text }) => text);
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
