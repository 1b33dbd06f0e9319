import type { Clock } from "./clock";
import type { OutboxStorage } from "./outbox";
import type { OpenSocket } from "./socket";
import type { ApiError } from "./error";
import type { StoredCommand } from "./outbox";
import type { HelloOk } from "./operations";
import type { Bye, HelloArgs, SignalFrame } from "./wire";

/**
 * - `connecting`: an attempt is under way.
 * - `live`: connected, and everything watched is caught up.
 * - `behind`: connected, but still catching up, or commands from before the reconnect
 *   (or told to wait by the server) are not confirmed yet.
 * - `offline`: not connected; waiting to try again, or stopped.
 */
export type State = "connecting" | "live" | "behind" | "offline";

export interface ClientOptions {
  /** `ws(s)://host/v1/visitor/{site}` or `ws(s)://host/v1/agent`. */
  url: string;
  /**
   * Asked at every hello. A visitor without a token becomes a new visitor; an agent without one
   * is known by its cookie.
   */
  token?: (() => string | undefined) | undefined;
  /** A token the server gave us to keep. */
  onToken?: ((token: string) => void) | undefined;
  /** What else to say at every hello. */
  hello?: (() => Pick<HelloArgs, "profile" | "page" | "locale" | "timezone">) | undefined;
  /** Where unconfirmed commands survive a reload; see `storedOutbox`. Without: they live as long as the page. */
  outboxStorage?: OutboxStorage | undefined;
  webSocket?: OpenSocket | undefined;
  clock?: Clock | undefined;
  /** 0 ≤ x < 1. */
  random?: (() => number) | undefined;
}

/** How a command ended, told also for those whose promise a reload took away. */
export interface Settled {
  command: StoredCommand;
  /** Present when it was done: `Ok` of its operation. */
  ok?: unknown;
  /** Present when it was refused; it will not be tried again. */
  error?: ApiError;
}

export interface ClientEvents {
  state: State;
  /** After every hello, first and repeated. */
  hello: HelloOk;
  /** Every signal, also those that a watch handles. */
  signal: SignalFrame;
  /**
   * The server will not have us (token bad or expired, forbidden): the client has stopped.
   * Get another token, then `start()` again.
   */
  refused: ApiError;
  bye: Bye;
  settled: Settled;
  /** Something went wrong that no promise can tell. Goes to `console.error` when nobody listens. */
  fault: unknown;
}
