import type { Err, ErrorCode, Remedy } from "./wire";

/** `connection_lost` is the client's own: nobody answered, and the question was not of the kind that is repeated. */
export type FailureCode = ErrorCode | "connection_lost";

/** The server said no, or could not be asked. Act on `code` and `remedy`; `message` is for people. */
export class ApiError extends Error {
  readonly code: FailureCode;
  readonly remedy: Remedy;
  readonly detail: Record<string, unknown>;
  readonly retryAfterMs: number;

  constructor(err: Omit<Err, "code"> & { code: FailureCode }) {
    super(err.message);
    this.name = "ApiError";
    this.code = err.code;
    this.remedy = err.remedy;
    this.detail = err.detail ?? {};
    this.retryAfterMs = err.retry_after_ms ?? 0;
  }
}

export const connectionLost = (): ApiError =>
  new ApiError({ code: "connection_lost", message: "The connection was lost.", remedy: "retry" });
