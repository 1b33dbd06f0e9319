import { failure, type Failure } from "./error";
import { CLOSE_CODES, type Bye } from "./wire";

/** How a connection ended. */
export interface End {
  /** The socket's close code; 0 when the client gave up on it. */
  code: number;
  bye?: Bye | undefined;
  /** What `hello` was answered, if not `ok`. */
  refusal?: Failure | undefined;
}

/** What to do next: come back after a while, or stop because the server will not have us. */
export type Next = { afterMs: number; refused?: undefined } | { refused: Failure };

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;

/** Exponential with full jitter: a crowd that was cut off together must not return together. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** attempt);
}

export function afterEnd(end: End, attempt: number, random: () => number): Next {
  const { code, bye, refusal } = end;
  const refused = refusal ?? refusalByClose(code, bye);
  if (refused?.code === "unauthorized" || refused?.code === "forbidden") return { refused };
  if (bye && !bye.reconnect) return { refused: failure(bye.code, bye.message) };

  if (isOurMistake(end)) return { afterMs: BACKOFF_MAX_MS * (1 + random()) };
  const toldMs = bye?.retry_after_ms || refusal?.retry_after_ms;
  return { afterMs: toldMs || backoffMs(attempt, random) };
}

/** After a `bye` the close code adds nothing: the bye says whether to come back. */
function refusalByClose(code: number, bye: Bye | undefined): Failure | undefined {
  if (bye) return undefined;
  if (code === CLOSE_CODES.Unauthorized) return failure("unauthorized", "Not signed in.", "reconnect");
  if (code === CLOSE_CODES.Forbidden) return failure("forbidden", "Not allowed.");
  return undefined;
}

/** The next attempt would meet the same fate, so it can wait. */
function isOurMistake({ code, bye, refusal }: End): boolean {
  return (
    bye?.code === "bad_frames" ||
    refusal?.remedy === "give_up" ||
    code === CLOSE_CODES.WrongFrameKind ||
    code === CLOSE_CODES.TooLarge ||
    code === CLOSE_CODES.BadFrames
  );
}
