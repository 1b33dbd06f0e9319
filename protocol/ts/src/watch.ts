import { ApiError, type Failure } from "./error";
import { Retry, type Follower, type Line } from "./line";
import { TypingView } from "./typing";
import { LIMITS, type By, type EventFrame, type HistoryPage, type SignalFrame, type Summary, type Watched, type WatchOutcome } from "./wire";

export interface WatchHandlers {
  /** Start afresh: forget every event of this conversation; all of them follow from 1. Also comes first. */
  onReset(summary: Summary): void;
  /** Contiguous, ascending, each exactly once; the author's own carry its `key`. */
  onEvents(events: EventFrame[]): void;
  /**
   * A fresh summary without a reset: after a reconnect, or first if the caller had events already.
   * The events up to its `seq` may still follow.
   */
  onSummary?(summary: Summary): void;
  /** Ends by itself after 6 s, on the message and when the connection is lost. */
  onTyping?(active: boolean, by: By | undefined): void;
  /** The watch has ended: no such conversation, or not for us. */
  onError?(error: ApiError): void;
}

/**
 * One conversation, watched across connections. It knows the last number delivered (`seq`) and the
 * highest number heard of (`target`); whatever lies between is fetched, whatever came before is dropped.
 */
export class Watch implements Follower {
  readonly conversation: string;
  /** The last number delivered. */
  seq: number;
  private readonly line: Line;
  private readonly handlers: WatchHandlers;
  private readonly typing: TypingView;
  private readonly retry: Retry;
  private target = 0;
  private begun: boolean;
  private answered = false;
  private fetching = false;
  private closed = false;

  constructor(line: Line, conversation: string, handlers: WatchHandlers, after: number) {
    this.line = line;
    this.conversation = conversation;
    this.handlers = handlers;
    this.seq = after;
    this.begun = after > 0;
    this.retry = new Retry(line);
    this.typing = new TypingView(line, (active, by) => handlers.onTyping?.(active, by));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.lost();
    this.line.unfollow(this);
  }

  get caughtUp(): boolean {
    return this.closed || (this.answered && this.seq >= this.target);
  }

  get resume(): { conversation: string; after: number } {
    return { conversation: this.conversation, after: this.seq };
  }

  connected(outcome?: WatchOutcome): void {
    if (!outcome) this.ask();
    else if ("err" in outcome) this.failed(outcome.err, () => this.ask());
    else this.take(outcome);
  }

  lost(): void {
    this.answered = this.fetching = false;
    this.target = 0;
    this.retry.cancel();
    this.typing.end();
  }

  event(event: EventFrame): void {
    if (event.conversation !== this.conversation || this.closed) return;
    this.deliver([event]);
    if (event.ev === "message.posted") this.typing.endFor(event.by);
    this.catchUp();
  }

  signal({ sig, conversation, by, data }: SignalFrame): void {
    if (sig === "typing" && conversation === this.conversation) this.typing.show(data.active, by);
  }

  private ask(): void {
    this.line.ask("conversation.watch", this.resume, ({ ok, err }) => {
      if (err) this.failed(err, () => this.ask());
      else this.take(ok);
    });
  }

  private take({ conversation, events, head, reset }: Watched): void {
    if (this.closed) return;
    const isFresh = reset || !this.begun;
    if (reset) this.seq = this.target = 0;
    this.begun = this.answered = true;
    this.retry.cancel();
    this.aim(head);
    const { handlers } = this;
    this.line.tell(() => (isFresh ? handlers.onReset(conversation) : handlers.onSummary?.(conversation)));
    this.deliver(events);
    this.catchUp();
  }

  /** Nothing is held back for later: what does not fit yet is only aimed at, and fetched in order. */
  private deliver(events: EventFrame[]): void {
    const fresh: EventFrame[] = [];
    for (const event of events) {
      this.aim(event.seq);
      if (this.begun && event.seq === this.seq + 1) {
        this.seq = event.seq;
        fresh.push(event);
      }
    }
    if (fresh.length > 0) this.line.tell(() => this.handlers.onEvents(fresh));
  }

  private aim(seq: number): void {
    this.target = Math.max(this.target, seq);
  }

  private catchUp(): void {
    this.line.changed();
    if (this.caughtUp || !this.answered || this.fetching) return;
    this.fetching = true;
    const range = { after: this.seq, limit: LIMITS.history_limit_max };
    this.line.ask("history", { conversation: this.conversation, ...range }, ({ ok, err }) => {
      if (err) this.failed(err, () => this.fetchAgain());
      else this.fetched(ok, range.after);
    });
  }

  private fetched({ events, head }: HistoryPage, after: number): void {
    if (this.closed) return;
    this.aim(head);
    this.deliver(events);
    if (this.seq > after) this.fetchAgain();
    else this.retry.later(() => this.fetchAgain());
  }

  private fetchAgain(): void {
    this.fetching = false;
    this.catchUp();
  }

  private failed(err: Failure, again: () => void): void {
    if (this.closed || err.code === "connection_lost") return;
    if (err.remedy === "retry") return this.retry.later(again, err);
    if (err.remedy === "reconnect") return this.line.reconnect();
    this.close();
    this.line.tell(() => {
      const error = new ApiError(err);
      if (!this.handlers.onError) throw error;
      this.handlers.onError(error);
    });
  }
}
