// Brings the outbox to the server, one text after the other, so that they arrive in the order written.

import { ApiError, type Client } from "@frontdesk/client";
import type { Outbox, Unsent } from "./outbox";

export interface DeliveryHandlers {
  /** The text has started this conversation, or belongs to it because another tab started it. */
  started(conversation: string): void;
  /** The conversation is closed; what was meant for it must go back to its writer. */
  closed(conversation: string): void;
  changed(): void;
}

export class Delivery {
  readonly #client: Client;
  readonly #outbox: Outbox;
  readonly #handlers: DeliveryHandlers;
  #running = false;
  #stopped = false;

  constructor(client: Client, outbox: Outbox, handlers: DeliveryHandlers) {
    this.#client = client;
    this.#outbox = outbox;
    this.#handlers = handlers;
  }

  /** Goes on until the outbox is empty. The client waits for the connection and repeats what was cut off. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let item = this.#outbox.next(); item && !this.#stopped; item = this.#outbox.next()) {
      const goOn = await this.#deliver(item);
      if (!goOn) break;
      if (!this.#stopped) this.#handlers.changed();
    }
    this.#running = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #deliver(item: Unsent): Promise<boolean> {
    try {
      if (item.conversation === null) await this.#start(item);
      else await this.#client.command("message.send", { conversation: item.conversation, text: item.text }, item.key);
      if (!this.#stopped) this.#outbox.accepted(item);
      return true;
    } catch (error) {
      return !this.#stopped && this.#refused(item, error);
    }
  }

  async #start(item: Unsent): Promise<void> {
    item.startTried = true;
    this.#outbox.keep(item);
    const { conversation } = await this.#client.command("conversation.start", { text: item.text }, item.key);
    if (this.#stopped) return;
    this.#outbox.direct(conversation.id);
    this.#handlers.started(conversation.id);
  }

  /** Answers whether to go on with what is next. */
  #refused(item: Unsent, error: unknown): boolean {
    const { code, detail } = error instanceof ApiError ? error : ({} as Partial<ApiError>);
    const elsewhere = detail?.["conversation"];
    if (code === "conversation_open" && typeof elsewhere === "string") {
      item.conversation = elsewhere;
      this.#outbox.keep(item);
      this.#handlers.started(elsewhere);
      return true;
    }
    if (code === "conversation_closed" && item.conversation !== null) {
      this.#handlers.closed(item.conversation);
      return true;
    }
    // Nobody could be asked: the session decides what becomes of what is left.
    if (code === "unauthorized" || code === "connection_lost") return false;
    console.warn("Frontdesk: a message was refused.", error);
    item.state = "failed";
    this.#outbox.keep(item);
    return true;
  }
}
