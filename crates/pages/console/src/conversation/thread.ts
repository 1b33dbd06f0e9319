// One conversation on the screen: the newest page first, live from there on, older ones on demand.

import { advance, ApiError, type EventFrame, type Summary, type Watch } from "@frontdesk/client";
import type { Desk } from "../live/desk";
import { explain } from "../live/refusals";
import { Store } from "../live/store";
import type { Pending } from "../live/unsent";
import { newerOf } from "../inbox/rows";
import { toast } from "../ui/toast";

const PAGE_EVENTS = 60;

export type Doing = "claim" | "unclaim" | "close";

export interface ThreadState {
  phase: "loading" | "ready" | "failed";
  problem: string | undefined;
  summary: Summary | undefined;
  /** Contiguous and ascending; from where on, `earlier` tells. */
  events: readonly EventFrame[];
  earlier: "none" | "some" | "loading";
  pending: readonly Pending[];
  visitorTypes: boolean;
  doing: Doing | undefined;
}

export class Thread {
  readonly id: string;
  readonly state: Store<ThreadState>;
  readonly #desk: Desk;
  #watch: Watch | undefined;
  #isOpen = true;
  #isOpening = false;
  #stops: (() => void)[];

  constructor(desk: Desk, id: string) {
    this.id = id;
    this.#desk = desk;
    this.state = new Store<ThreadState>({
      phase: "loading",
      problem: undefined,
      summary: desk.row(id),
      events: [],
      earlier: "none",
      pending: this.#pendingHere(),
      visitorTypes: false,
      doing: undefined,
    });
    this.#stops = [
      desk.onRow((row) => row.id === id && this.#learn(row)),
      desk.unsent.pending.subscribe(() => this.#showPending()),
      // The opening question is lost with a connection; the next one asks it again.
      desk.client.on("hello", () => this.open()),
    ];
    this.open();
  }

  close(): void {
    this.#isOpen = false;
    this.#watch?.close();
    for (const stop of this.#stops) stop();
  }

  async open(): Promise<void> {
    if (this.#watch !== undefined || this.#isOpening || !this.#isOpen) return;
    this.#isOpening = true;
    try {
      const { events, head, more } = await this.#history({});
      if (!this.#isOpen) return;
      this.#set({ phase: "ready", problem: undefined, events, earlier: more ? "some" : "none" });
      this.#forgetArrived();
      this.#follow(head);
    } catch (error) {
      if (!this.#desk.isConnectionLost(error)) this.#set({ phase: "failed", problem: explain(error) });
    } finally {
      this.#isOpening = false;
    }
  }

  async loadEarlier(): Promise<void> {
    const { events, earlier } = this.state.value;
    const first = events[0];
    if (earlier !== "some" || first === undefined) return;
    this.#set({ earlier: "loading" });
    try {
      const page = await this.#history({ before: first.seq });
      // A reset in the meantime has emptied the transcript: the page belongs to nothing any more.
      if (this.state.value.events[0] !== first) return;
      this.#set({ events: [...page.events, ...this.state.value.events], earlier: page.more ? "some" : "none" });
    } catch (error) {
      this.#set({ earlier: "some" });
      toast("error", `Earlier messages could not be loaded. ${explain(error)}`);
    }
  }

  /** True when the conversation is one's own afterwards. */
  async claim(): Promise<boolean> {
    return this.#do("claim", () => this.#desk.client.command("conversation.claim", { conversation: this.id }));
  }

  async unclaim(): Promise<void> {
    await this.#do("unclaim", () => this.#desk.client.command("conversation.unclaim", { conversation: this.id }));
  }

  async end(): Promise<void> {
    await this.#do("close", () => this.#closeIfRead());
  }

  send(kind: Pending["kind"], text: string, closes: boolean): void {
    this.#desk.unsent.send(this.id, kind, text, closes);
  }

  retry(pending: Pending): void {
    this.#desk.unsent.retry(pending);
  }

  discard({ key }: Pending): void {
    this.#desk.unsent.forget([key]);
  }

  /** Closes over everything but a message of the visitor's that the agent has not seen. */
  async #closeIfRead(): Promise<void> {
    let expected = this.state.value.events.at(-1)?.seq ?? 0;
    for (;;) {
      try {
        await this.#desk.client.command("conversation.close", { conversation: this.id, expected_seq: expected });
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "conflict") throw error;
        const { head, events } = error.detail;
        const isUnread = events?.some((event) => event.ev === "message.posted" && event.by.role === "visitor") ?? true;
        if (isUnread || head === undefined || head <= expected) throw new Error("A new message has just arrived. Read it, then close.");
        expected = head;
      }
    }
  }

  async #do(doing: Doing, what: () => Promise<unknown>): Promise<boolean> {
    this.#set({ doing });
    try {
      await what();
      return true;
    } catch (error) {
      toast("error", explain(error));
      return false;
    } finally {
      this.#set({ doing: undefined });
    }
  }

  #history(range: { before?: number }) {
    return this.#desk.client.ask("history", { conversation: this.id, limit: PAGE_EVENTS, ...range });
  }

  #follow(head: number): void {
    this.#watch = this.#desk.client.watch(
      this.id,
      {
        onReset: (summary) => this.#set({ summary, events: [], earlier: "none" }),
        onSummary: (summary) => this.#learn(summary),
        onEvents: (events) => this.#append(events),
        onTyping: (active, by) => this.#set({ visitorTypes: active && by?.role === "visitor" }),
        onError: (error) => this.#set({ phase: "failed", problem: explain(error) }),
      },
      head,
    );
  }

  #append(events: readonly EventFrame[]): void {
    const { summary } = this.state.value;
    this.#set({ events: [...this.state.value.events, ...events], summary: summary && events.reduce(advance, summary) });
    this.#forgetArrived();
  }

  #learn(arrived: Summary): void {
    this.#set({ summary: newerOf(this.state.value.summary, arrived) });
  }

  #forgetArrived(): void {
    const { events } = this.state.value;
    const last = events.at(-1)?.seq ?? 0;
    const keys = new Set(events.slice(-200).map((event) => (event.data as { key?: string } | undefined)?.key));
    const arrived = this.#pendingHere().filter(({ key, seq }) => keys.has(key) || (seq !== undefined && seq <= last));
    this.#desk.unsent.forget(arrived.map(({ key }) => key));
  }

  #showPending(): void {
    this.#set({ pending: this.#pendingHere() });
    this.#forgetArrived();
  }

  #pendingHere(): Pending[] {
    return this.#desk.unsent.pending.value.filter(({ conversation }) => conversation === this.id);
  }

  #set(change: Partial<ThreadState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}
