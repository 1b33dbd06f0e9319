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

/** A visitor whose name is not known has the empty name. */
export interface Person {
  id: string;
  name: string;
}

export interface SummaryVisitor {
  id: string;
  /** Empty when not known. */
  name: string;
  /** Agents only. */
  email?: string;
  /** Has a socket. */
  online: boolean;
}

export interface Preview {
  by: By;
  /** At most 200 characters. */
  text: string;
  at: number;
}

export interface ClosedBy {
  /** Agents only. */
  id?: string;
  name: string;
}

/** A conversation in one row, in the numbering of whoever asked. */
export interface Summary {
  id: string;
  site: string;
  status: Status;
  /** A closed conversation keeps its last owner. */
  owner: Person | null;
  visitor: SummaryVisitor;
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
  "conversation.started": { visitor: Person };
  "message.posted": { text: string; key?: string };
  "note.posted": { text: string; key?: string };
  "conversation.claimed": { owner: Person };
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
  retry_after_ms: number;
}

export interface ByeFrame {
  bye: Bye;
}

export interface ErrorBody {
  code: ErrorCode;
  /** For people; may change. */
  message: string;
  remedy: Remedy;
  detail: Detail;
  /** With the remedy `retry`: how long to wait. */
  retry_after_ms: number;
}

/** What goes with a refusal, by code. */
export interface Detail {
  /** `already_claimed`, `not_owner`: who owns it; null for nobody. */
  owner?: Person | null;
  /** `conversation_open`: the open one. */
  conversation?: string;
  /** `conflict`: the head as it is. */
  head?: number;
  /** `conflict`: the events after `expected_seq`, at most 200. */
  events?: EventFrame[];
}

export interface OkFrame {
  re: number;
  ok: unknown;
}

/** `re` is null when the question could not be read. */
export interface ErrFrame {
  re: number | null;
  err: ErrorBody;
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

/** One item of `Hello.watching`. */
export type WatchOutcome = Watched | { id: string; err: ErrorBody };

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
  watch?: WatchFrom[];
}

/** `after` is the last number seen; 0 for all. */
export interface WatchFrom {
  conversation: string;
  after: number;
}

/** The answer to `hello`. */
export interface Hello {
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
  watching: WatchOutcome[];
}

export interface Ponged {
  at: number;
}

export interface HistoryPage {
  /** Ascending. */
  events: EventFrame[];
  head: number;
  /** There are others in the direction asked. */
  more: boolean;
}

export interface Sent {
  seq: number;
  at: number;
  /** With `then: "close"`: the number of the close. */
  closed_seq?: number;
}

/** The number and the time of the event that a command names. */
export interface SeqAnswer {
  seq: number;
  at?: number;
}

export interface Started {
  conversation: Summary;
  seq: number;
  at?: number;
}

export interface InboxPage {
  rows: Summary[];
  /** The cursor of the next page, if there is one. */
  next?: string;
  /** Rows that match, over all pages. */
  total: number;
  counts: Counts;
}

export interface CountsAnswer {
  counts: Counts;
}

/** One for each asked, in order. */
export interface Bulked {
  results: BulkItem[];
}

/** Either `ok` or `err`. */
export interface BulkItem {
  conversation: string;
  ok?: SeqAnswer;
  err?: ErrorBody;
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
  GoingAway: 1001,
  WrongFrameKind: 1003,
  TooLarge: 1009,
  BadFrames: 4400,
  Unauthorized: 4401,
  Forbidden: 4403,
  Idle: 4408,
  TooSlow: 4429,
} as const;

export const LIMITS = {
  frame_bytes_max: 65_536,
  text_chars_max: 4_000,
  key_chars_max: 64,
  preview_chars_max: 200,
  history_limit_max: 200,
  inbox_limit_max: 100,
  bulk_max: 100,
  hello_watch_max: 50,
  agent_watches_max: 1_000,
  visitor_watches_max: 50,
  answer_within_ms: 10_000,
  typing_ends_after_ms: 6_000,
} as const;
