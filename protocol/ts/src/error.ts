import type { ByeCode, Detail, ErrorBody, ErrorCode, Remedy } from "./wire";

/** `connection_lost` is the client's own: nobody answered a question of the kind that is not repeated. */
export type FailureCode = ErrorCode | ByeCode | "connection_lost";

export type Failure = Omit<ErrorBody, "code"> & { code: FailureCode };

/** The server said no, or could not be asked. Act on `code` and `remedy`; `message` is for people. */
export class ApiError extends Error {
  readonly code: FailureCode;
  readonly remedy: Remedy;
  readonly detail: Detail;
  readonly retryAfterMs: number;

  constructor({ code, message, remedy, detail, retry_after_ms }: Failure) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.remedy = remedy;
    this.detail = detail ?? {};
    this.retryAfterMs = retry_after_ms ?? 0;
  }
}

/** A failure that the client makes itself. */
export function failure(code: FailureCode, message: string, remedy: Remedy = "give_up"): Failure {
  return { code, message, remedy, detail: {}, retry_after_ms: 0 };
}

export const lost = (): Failure => failure("connection_lost", "The connection was lost.", "retry");
