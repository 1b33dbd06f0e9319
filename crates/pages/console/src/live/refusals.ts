// What a refusal means, in words for the agent. Codes decide; the server's own text is the last resort.

import { ApiError } from "@frontdesk/client";

export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const { owner } = error.detail;
  switch (error.code) {
    case "already_claimed":
      return `${owner?.name ?? "Another agent"} already claimed this conversation.`;
    case "not_owner":
      return owner == null ? "Claim this conversation to reply." : `Assigned to ${owner.name}.`;
    case "conversation_closed":
      return "This conversation has been closed.";
    case "not_found":
      return "This conversation does not exist.";
    case "too_large":
      return "The text is too long.";
    case "connection_lost":
      return "The connection was lost. Try again.";
    default:
      return error.message;
  }
}
