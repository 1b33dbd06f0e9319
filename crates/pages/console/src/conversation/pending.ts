// A message or note of one's own that is not in the transcript yet.

export interface Pending {
  key: string;
  kind: "reply" | "note";
  text: string;
  at: number;
  closes: boolean;
  state: "sending" | "sent" | "failed";
  /** Its number, once the server has said so. */
  seq?: number;
  problem?: string;
  canRetry: boolean;
}
