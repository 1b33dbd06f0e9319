// The conversation on show: its events as far as they are known, and who is typing in it.

import { TypingNotice, type Client, type EventFrame, type Watch } from "@frontdesk/client";

export interface ConversationHandlers {
  /** `live`: these happened just now, or while the line was cut; the others were there before we came. */
  happened(events: EventFrame[], live: boolean): unknown;
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
    let live = false;
    this.#watch = client.watch(id, {
      onReset: ({ status }) => {
        this.events = [];
        live = false;
        this.closed = status !== "open";
        handlers.changed();
      },
      onEvents: (events) => {
        this.events.push(...events);
        handlers.happened(events, live);
        live ||= this.#watch.caughtUp;
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
