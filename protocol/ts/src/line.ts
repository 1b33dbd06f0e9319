import type { Clock } from "./clock";
import type { Answered } from "./connection";
import type { Failure } from "./error";
import { backoffMs } from "./reconnect";
import type { Op } from "./operations";
import type { EventFrame, SignalFrame, WatchFrom, WatchOutcome } from "./wire";

/** What the client offers to those who live longer than one connection. */
export interface Line {
  readonly clock: Clock;
  readonly random: () => number;
  readonly isGreeted: boolean;
  /** Answers `connection_lost` at once when there is no connection. */
  ask(op: Op, args: object, answered: Answered): void;
  /** Runs a handler of the application. What it throws is reported and stops nothing. */
  tell(handler: () => void): void;
  /** Something that decides between `live` and `behind` has changed. */
  changed(): void;
  /** Ends the connection; the next `hello` decides. */
  reconnect(): void;
  follow(follower: Follower): void;
  unfollow(follower: Follower): void;
}

/** Something that every new connection has to establish again. */
export interface Follower {
  readonly caughtUp: boolean;
  /** What `hello` can resume in its own round trip. */
  readonly resume?: WatchFrom;
  /** Greeted: take what `hello` brought, or ask. */
  connected(outcome?: WatchOutcome): void;
  lost(): void;
  event?(frame: EventFrame): void;
  signal?(frame: SignalFrame): void;
}

const RETRY_MIN_MS = 250;

/** Tries again as the server asked, else ever more slowly. */
export class Retry {
  private readonly line: Line;
  private timer: unknown;
  private tries = 0;

  constructor(line: Line) {
    this.line = line;
  }

  later(again: () => void, failed?: Failure): void {
    this.line.clock.clearTimeout(this.timer);
    const waitMs = failed?.retry_after_ms || RETRY_MIN_MS + backoffMs(this.tries++, this.line.random);
    this.timer = this.line.clock.setTimeout(again, waitMs);
  }

  cancel(): void {
    this.line.clock.clearTimeout(this.timer);
    this.tries = 0;
  }
}
