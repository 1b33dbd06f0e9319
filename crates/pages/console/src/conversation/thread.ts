// One conversation on the screen: the newest page first, live from there on, older ones on demand.

import { advance, ApiError, type EventFrame, type Summary, type Watch } from "@frontdesk/client";
import { firstOfVisitor, firstUnanswered } from "./transcript-items";
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
  /** From which event on everything is new to the agent. */
  newFrom: number | undefined;
  visitorTypes: boolean;
  doing: Doing | undefined;
  /** Why the close has not happened: what the visitor wrote that had not been seen here. */
  unseen: Unseen | undefined;
}

export interface Unseen {
  texts: readonly string[];
  /** The head up to which closing again is meant. */
  head: number;
}

export class Thread {
  readonly id: string;
  readonly state: Store<ThreadState>;
  readonly #desk: Desk;
  #watch: Watch | undefined;
  #isOpen = true;
  #isOpening = false;
  /** The mark stands at the first message since nobody looks. */
  #isMarked = false;
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
      newFrom: undefined,
      visitorTypes: false,
      doing: undefined,
      unseen: undefined,
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
      const newFrom = firstUnanswered(events);
      this.#set({ phase: "ready", problem: undefined, events, earlier: more ? "some" : "none", newFrom });
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

  /** Closes, but not over a message of the visitor's that has not been seen: it is shown in `unseen` instead. */
  async end(): Promise<void> {
    await this.#closeAt(this.state.value.events.at(-1)?.seq ?? 0);
  }

  /** Closes over what `unseen` shows. */
  async endAllTheSame(): Promise<void> {
    const { unseen } = this.state.value;
    this.keepOpen();
    if (unseen !== undefined) await this.#closeAt(unseen.head);
  }

  keepOpen(): void {
    this.#set({ unseen: undefined });
  }

  send(kind: Pending["kind"], text: string, closes: boolean): void {
    this.#set({ newFrom: undefined });
    this.#desk.unsent.send(this.id, kind, text, closes);
  }

  retry(pending: Pending): void {
    this.#desk.unsent.retry(pending);
  }

  discard({ key }: Pending): void {
    this.#desk.unsent.forget([key]);
  }

  async #closeAt(head: number): Promise<void> {
    await this.#do("close", async () => {
      const unseen = await this.#closeUnlessWritten(head);
      this.#set({ unseen });
    });
  }

  /** Closes over everything else that happens meanwhile: claims, notes, one's own words. */
  async #closeUnlessWritten(expected: number): Promise<Unseen | undefined> {
    for (;;) {
      try {
        await this.#desk.client.command("conversation.close", { conversation: this.id, expected_seq: expected });
        return undefined;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "conflict") throw error;
        const { head, events } = error.detail;
        if (head === undefined || head <= expected) throw error;
        const texts = (events ?? []).flatMap((event) => writtenByVisitor(event) ?? []);
        if (texts.length > 0) return { texts, head };
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
    this.#markNew(events);
    const { summary } = this.state.value;
    this.#set({ events: [...this.state.value.events, ...events], summary: summary && events.reduce(advance, summary) });
    this.#forgetArrived();
  }

  /** Only while nobody looks: what comes before one's eyes is not marked. */
  #markNew(events: readonly EventFrame[]): void {
    if (!document.hidden) this.#isMarked = false;
    const first = document.hidden && !this.#isMarked ? firstOfVisitor(events) : undefined;
    if (first === undefined) return;
    this.#isMarked = true;
    this.#set({ newFrom: first });
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

function writtenByVisitor({ ev, by, data }: EventFrame): string | undefined {
  return ev === "message.posted" && by.role === "visitor" ? (data as { text: string }).text : undefined;
}
