// Labels that several screens say, to the letter.

import type { Status, Summary } from "@frontdesk/client";
import type { Queue, StatusFilter } from "../route";

export const INBOX_TITLE = "Live Chat Inbox";
export const ANONYMOUS = "Anonymous visitor";
export const CLOSED_FOOTER = "This conversation has been closed.";
export const UNKNOWN = "—";

export const STATUS_LABELS: Readonly<Record<Status, string>> = {
  open: "Open",
  closed: "Closed",
  converted: "Away - Converted to Support Ticket",
};

export const QUEUE_LABELS: Readonly<Record<Queue, string>> = { all: "All", mine: "Mine", unassigned: "Unassigned" };

export function statusFilterLabel(status: StatusFilter): string {
  return status === "all" ? "All" : STATUS_LABELS[status];
}

export function visitorName(visitor: Summary["visitor"]): string {
  return visitor.name?.trim() || ANONYMOUS;
}

/** The ownership label of a conversation's header. */
export function ownershipLabel(owner: Summary["owner"], me: string): string {
  if (owner === null) return "Unassigned";
  return owner.id === me ? "Assigned to you" : `Assigned to ${owner.name}`;
}
