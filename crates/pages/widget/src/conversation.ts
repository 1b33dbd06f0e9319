// The conversation on show: its events as far as they are known, and who is typing in it.

import { TypingNotice, type Client, type EventFrame, type Watch } from "@frontdesk/client";

export interface ConversationHandlers {
  happened(events: EventFrame[]): unknown;
  changed(): void;
  /** The server knows no such conversation of ours. */
  gone(): void;
}

export class Conversation {
  closed: boolean;
  events: EventFrame[] = [];
  /** Who of the team is typing; "" if nobody knows the name. */
  typist: string | undefined;
  readonly typing: TypingNotice;
  readonly #watch: Watch;

  constructor(client: Client, readonly id: string, closed: boolean, handlers: ConversationHandlers) {
    this.closed = closed;
    this.typing = new TypingNotice(client, id);
    this.#watch = client.watch(id, {
      onReset: ({ status }) => {
        this.events = [];
        this.closed = status !== "open";
        handlers.changed();
      },
      onEvents: (events) => {
        this.events.push(...events);
        handlers.happened(events);
      },
      onTyping: (active, by) => {
        this.typist = active ? (by?.name ?? "") : undefined;
        handlers.changed();
      },
      onError: () => handlers.gone(),
    });
  }

  leave(): void {
    this.typing.ended();
    this.#watch.close();
  }
}
