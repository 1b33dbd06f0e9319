/** The words of the Frontdesk wire contract, version 1. Types, codes and limits; nothing else. */

export type Role = "visitor" | "agent" | "system";
export type Status = "open" | "closed" | "converted";
export type Remedy = "retry" | "resync" | "reconnect" | "give_up";

/** Who did it. To visitors an agent's `id` is opaque and the same within the conversation. */
export interface By {
  role: Role;
  id: string;
  name: string;
}

export interface Owner {
  id: string;
  name: string;
}

export interface Visitor {
  id: string;
  name: string;
  /** Agents only. */
  email?: string;
  online: boolean;
}

export interface Preview {
  by: By;
  /** At most 200 characters. */
  text: string;
  at: number;
}

/** `id` is left out for visitors. */
export interface ClosedBy {
  role: Role;
  id?: string;
  name: string;
}

/** A conversation in one row, in the numbering of whoever asked. */
export interface Summary {
  id: string;
  site: string;
  status: Status;
  owner: Owner | null;
  visitor: Visitor;
  seq: number;
  started_at: number;
  activity_at: number;
  closed_at?: number;
  closed_by?: ClosedBy;
  preview: Preview;
  /** Visitor messages after the last agent message. Agents only. */
  unread?: number;
}

export interface EventData {
  "conversation.started": { visitor: { id: string; name: string } };
  "message.posted": { text: string; key?: string };
  "note.posted": { text: string; key?: string };
  "conversation.claimed": { owner: Owner };
  "conversation.unclaimed": Record<string, never>;
  "conversation.closed": { reason: string; text: string };
}

export type EventName = keyof EventData;

/**
 * A committed fact, numbered. A newer server may send names that are not in this union:
 * they still count, so a `switch` over `ev` needs a quiet default.
 */
export type EventFrame = {
  [Name in EventName]: {
    ev: Name;
    conversation: string;
    seq: number;
    at: number;
    by: By;
    /** May be left out when empty. */
    data: EventData[Name];
  };
}[EventName];

export interface Counts {
  open: number;
  mine: number;
  unassigned: number;
}

export interface SignalData {
  typing: { active: boolean };
  presence: { online: boolean };
  "inbox.row": Summary;
  "inbox.counts": Counts;
}

export type SignalName = keyof SignalData;

/** Ephemeral and unnumbered. Names that are not in this union may come and are to be ignored. */
export type SignalFrame = {
  [Name in SignalName]: { sig: Name; conversation?: string; by?: By; data: SignalData[Name] };
}[SignalName];

export type ByeCode = "going_away" | "unauthorized" | "forbidden" | "bad_frames" | "idle" | "too_slow";

export interface Bye {
  code: ByeCode;
  message: string;
  reconnect: boolean;
  /** Carries jitter already. */
  retry_after_ms?: number;
}

export interface ByeFrame {
  bye: Bye;
}

export interface Err {
  code: ErrorCode;
  /** For people; may change. */
  message: string;
  remedy: Remedy;
  detail?: Record<string, unknown>;
  retry_after_ms?: number;
}

export interface OkFrame {
  re: number;
  ok: unknown;
}

/** `re` is null when the question could not be read. */
export interface ErrFrame {
  re: number | null;
  err: Err;
}

export type ServerFrame = OkFrame | ErrFrame | EventFrame | SignalFrame | ByeFrame;

export interface ClientFrame {
  id: number;
  op: string;
  args?: object;
}

export interface Watched {
  conversation: Summary;
  /** At most 200, ascending from `after` + 1. */
  events: EventFrame[];
  /** The last number at the moment of the snapshot; live events start one above. */
  head: number;
  /** The numbers between the last of `events` and `head` are had from `history`. */
  more: boolean;
  /** `after` was beyond the head: forget what you have, `events` start at 1. */
  reset: boolean;
}

/** What stands in `HelloOk.watching` for a conversation that could not be watched. */
export interface WatchRefused {
  id: string;
  err: Err;
}

export interface Page {
  title?: string;
  url?: string;
}

export interface Profile {
  name?: string;
  email?: string;
}

export interface HelloArgs {
  token?: string;
  profile?: Profile;
  page?: Page;
  locale?: string;
  timezone?: string;
  watch?: { conversation: string; after: number }[];
}

export interface HelloOk {
  protocol: number;
  node: string;
  session: string;
  self: By;
  /** For a new visitor, to keep. */
  token?: string;
  /** Some agent of the site is connected. */
  online: boolean;
  heartbeat_ms: number;
  limits: { text_max: number; frame_max: number };
  /** The visitor's open conversation, or else the last one. */
  conversation?: Summary;
  watching: (Watched | WatchRefused)[];
}

/** Every error code and what a client is to do about it. */
export const ERROR_CODES = {
  bad_request: "give_up",
  unauthorized: "reconnect",
  forbidden: "give_up",
  not_found: "give_up",
  already_claimed: "give_up",
  not_owner: "give_up",
  conversation_closed: "give_up",
  conversation_open: "give_up",
  conflict: "resync",
  too_large: "give_up",
  rate_limited: "retry",
  unavailable: "retry",
} as const satisfies Record<string, Remedy>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const CLOSE_CODES = {
  going_away: 1001,
  wrong_kind: 1003,
  too_large: 1009,
  bad_frames: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  idle: 4408,
  too_slow: 4429,
} as const;

export const LIMITS = {
  frame_bytes_max: 65_536,
  text_chars_max: 4_000,
  key_chars_max: 64,
  hello_watch_max: 50,
  page_events_max: 200,
  bulk_max: 100,
  inbox_page_max: 100,
} as const;
