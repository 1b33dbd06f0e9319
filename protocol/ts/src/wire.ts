/**
 * The words of the Frontdesk wire contract, version 1: types, codes and limits; nothing else.
 *
 * Generated from the server's own types by `cargo xtask codegen`. Do not edit.
 */

/** What became of one conversation of a `bulk`: `ok` or `err`. */
export interface BulkItem {
  conversation: string;
  err?: ErrorBody;
  ok?: SeqAnswer;
}

/** `bulk`: one for each asked, in order. */
export interface Bulked {
  results: BulkItem[];
}

/** Who did it. To visitors an agent's `id` is an opaque alias. */
export interface By {
  id: string;
  name: string;
  role: Role;
}

/** Why the server closes, and whether to come back. */
export interface Bye {
  code: ByeCode;
  /** For people; may change. */
  message: string;
  reconnect: boolean;
  /** Jittered, so that a crowd does not return at once. */
  retry_after_ms: number;
}

export type ByeCode = "going_away" | "unauthorized" | "forbidden" | "bad_frames" | "idle" | "too_slow";

/** The last frame before the server closes. */
export interface ByeFrame {
  bye: Bye;
}

/** `conversation.claimed`. */
export interface Claimed {
  owner: Person;
}

/** `conversation.closed`. */
export interface Closed {
  /** `agent`; may grow. */
  reason: string;
  text: string;
}

/** Who closed it; visitors see no id. */
export interface ClosedBy {
  id?: string;
  name: string;
}

/** The whole site's numbers for one agent. */
export interface Counts {
  mine: number;
  open: number;
  unassigned: number;
}

/** `inbox.watch`. */
export interface CountsAnswer {
  counts: Counts;
}

/** What goes with a refusal, by code. */
export interface Detail {
  /** `conversation_open`: the open one. */
  conversation?: string;
  /** `conflict`: the events after `expected_seq`, at most 200. */
  events?: EventFrame[];
  /** `conflict`: the head as it is. */
  head?: number;
  /** `already_claimed`, `not_owner`: who owns it; null for nobody. */
  owner?: Person | null;
}

/** An `ok` that says nothing. */
export type Empty = Record<string, never>;

/** Why not, and what to do about it. */
export interface ErrorBody {
  code: ErrorCode;
  /** What goes with the code; empty for most. */
  detail: Detail;
  /** For people; may change. */
  message: string;
  remedy: Remedy;
  /** With the remedy `retry`: how long to wait, in milliseconds. */
  retry_after_ms: number;
}

/** `hello`. */
export interface Hello {
  /** The visitor's open conversation, if any, else the last one. */
  conversation?: Summary;
  /** Between two signs of life from the server. */
  heartbeat_ms: number;
  limits: HelloLimits;
  /** The node's name. */
  node: string;
  /** Some agent of the site is connected. */
  online: boolean;
  /** Always 1. */
  protocol: number;
  self: HelloSelf;
  /** This connection, for support and logs. */
  session: string;
  /** Keep it: it is what makes this visitor the same one next time. */
  token?: string;
  /** One for each asked, in order. */
  watching: WatchOutcome[];
}

/** What a client may send. */
export interface HelloLimits {
  /** Bytes in a message. */
  frame_max: number;
  /** Characters in a text. */
  text_max: number;
}

/** Who the server takes the client to be. */
export interface HelloSelf {
  id: string;
  name: string;
  role: Role;
}

/** `history`. */
export interface HistoryPage {
  /** Ascending. */
  events: EventFrame[];
  head: number;
  /** There are others in the direction asked. */
  more: boolean;
}

/** `inbox.list`. */
export interface InboxPage {
  counts: Counts;
  /** The cursor of the next page, if there is one. */
  next?: string;
  rows: Summary[];
  /** Rows that match, over all pages. */
  total: number;
}

/** `note.posted`: agents only. */
export interface NotePosted {
  /** Only to its author. */
  key?: string;
  text: string;
}

/** Somebody by id and name. A visitor whose name is not known has the empty name. */
export interface Person {
  id: string;
  name: string;
}

/** `ping`. */
export interface Ponged {
  at: number;
}

/** `message.posted`. */
export interface Posted {
  /** Only to its author. */
  key?: string;
  text: string;
}

/** `presence`, to visitors: the team came or went. */
export interface Presence {
  online: boolean;
}

/** The last message (agents: or note), cut to 200 characters. */
export interface Preview {
  at: number;
  by: By;
  text: string;
}

/** What a client does about a refusal. */
export type Remedy = "retry" | "resync" | "reconnect" | "give_up";

/** Which side somebody is on. */
export type Role = "visitor" | "agent" | "system";

/** `message.send`. */
export interface Sent {
  at: number;
  /** With `then: "close"`: the number of the close. */
  closed_seq?: number;
  seq: number;
}

/** `conversation.claim`, `conversation.unclaim`, `conversation.close`, `note.add`. */
export interface SeqAnswer {
  /** When the event that the command names was committed. */
  at: number;
  seq: number;
}

/** `conversation.start`. */
export interface Started {
  /** When the first message was committed. */
  at: number;
  conversation: Summary;
  seq: number;
}

/** `conversation.started`, by the visitor. */
export interface StartedConversation {
  visitor: Person;
}

/** Where a conversation stands. Ownership is another axis. */
export type Status = "open" | "closed" | "converted";

/** One conversation, computed from the events its audience may see. */
export interface Summary {
  /** Time of start, last message (agents: or note) or close. */
  activity_at: number;
  closed_at?: number;
  closed_by?: ClosedBy;
  id: string;
  /** A closed conversation keeps its last owner. */
  owner: Person | null;
  preview: Preview;
  /** The head, in the asker's numbering. */
  seq: number;
  site: string;
  started_at: number;
  status: Status;
  /** Agents only: visitor messages after the last agent message. */
  unread?: number;
  visitor: SummaryVisitor;
}

/** The person asking, as its audience may see it. */
export interface SummaryVisitor {
  /** Agents only. */
  email?: string;
  id: string;
  /** Empty when not known. */
  name: string;
  /** Has a socket. */
  online: boolean;
}

/** `typing`: ends by itself after 6 s, and on the message. */
export interface TypingActive {
  active: boolean;
}

/** `conversation.unclaimed`: agents only. */
export type Unclaimed = Record<string, never>;

/** One item of `hello.watching`. */
export type WatchOutcome = Watched | {
  err: ErrorBody;
  id: string;
};

/** A snapshot to start from; live events go on at `head` + 1. */
export interface Watched {
  conversation: Summary;
  /** Ascending from `after` + 1, at most 200. */
  events: EventFrame[];
  /** The head at the moment of the snapshot. */
  head: number;
  /** The numbers between the last of `events` and `head` are had from `history`. */
  more: boolean;
  /** `after` was beyond the head: forget what is there and take `events` from 1. */
  reset: boolean;
}

/** Who is there, and what it was watching. */
export interface HelloArgs {
  locale?: string;
  page?: Page;
  profile?: Profile;
  timezone?: string;
  /** A visitor without one becomes a new visitor; an agent may have a cookie instead. */
  token?: string;
  /** At most 50. */
  watch?: WatchFrom[];
}

/** The page the visitor is on. */
export interface Page {
  title?: string;
  url?: string;
}

/** What a visitor says of itself; a claim, not a proof. */
export interface Profile {
  email?: string;
  name?: string;
}

/** One conversation to resume; the id is echoed, so it is kept as it came. */
export interface WatchFrom {
  /** The last number seen; 0 for all. */
  after: number;
  conversation: string;
}

export interface EventData {
  "conversation.started": StartedConversation;
  "message.posted": Posted;
  "note.posted": NotePosted;
  "conversation.claimed": Claimed;
  "conversation.unclaimed": Unclaimed;
  "conversation.closed": Closed;
}

export interface SignalData {
  typing: TypingActive;
  presence: Presence;
  "inbox.row": Summary;
  "inbox.counts": Counts;
}

/** Every operation: what it takes and what it answers. */
export interface WireOperations {
  /** First on every socket: who is there. */
  hello: { args: HelloArgs; ok: Hello };
  /** A sign of life. */
  ping: { args: Record<string, never>; ok: Ponged };
  /** A snapshot, then every event as it is committed. */
  "conversation.watch": { args: {
    /** The last number seen; 0 for all. */
    after?: number;
    conversation: string;
  }; ok: Watched };
  /** No more events of this conversation. */
  "conversation.unwatch": { args: {
    conversation: string;
  }; ok: Empty };
  /** A page of events. */
  history: { args: {
    after?: number;
    before?: number;
    conversation: string;
    /** 1 to 200, default 50. */
    limit?: number;
  }; ok: HistoryPage };
  /** A message, and for agents optionally the close with it. */
  "message.send": { args: {
    conversation: string;
    key: string;
    text: string;
    /** Agents: close in the same step. */
    then?: "close";
  }; ok: Sent };
  /** Somebody is writing, or stopped. */
  typing: { args: {
    active: boolean;
    conversation: string;
  }; ok: Empty };
  /** A new conversation with its first message. Visitors only. */
  "conversation.start": { args: {
    key: string;
    /** What the visitor typed into the form before the chat. */
    prechat?: Profile;
    text: string;
  }; ok: Started };
  /** Own it, if nobody does. Agents only. */
  "conversation.claim": { args: {
    conversation: string;
    key: string;
  }; ok: SeqAnswer };
  /** Own it no longer. Agents only. */
  "conversation.unclaim": { args: {
    conversation: string;
    key: string;
  }; ok: SeqAnswer };
  /** End it. Agents only. */
  "conversation.close": { args: {
    conversation: string;
    /** Close only if the head still is this number. */
    expected_seq?: number;
    key: string;
  }; ok: SeqAnswer };
  /** A note that no visitor ever notices. Agents only. */
  "note.add": { args: {
    conversation: string;
    key: string;
    text: string;
  }; ok: SeqAnswer };
  /** A page of the inbox. Agents only. */
  "inbox.list": { args: {
    /** `next` of the page before, with the same filters. */
    cursor?: string;
    /** 1 to 100, default 25. */
    limit?: number;
    order?: "desc" | "asc";
    queue?: "all" | "mine" | "unassigned";
    /** Every word must be part of a name, an e-mail, a message or a note. */
    search?: string;
    sort?: "activity" | "started" | "visitor" | "status" | "assignee";
    status?: "open" | "closed" | "converted" | "all";
  }; ok: InboxPage };
  /** Every change of the inbox. Agents only. */
  "inbox.watch": { args: {
    on: boolean;
  }; ok: CountsAnswer };
  /** The same for many conversations. Agents only. */
  bulk: { args: {
    action: "claim" | "unclaim" | "close";
    /** 1 to 100 different ids; each is echoed, so it is kept as it came. */
    conversations: string[];
    key: string;
  }; ok: Bulked };
}

export type EventName = keyof EventData;

/**
 * A committed fact, numbered. A newer server may send names that are not in this union: they still
 * count, so a `switch` over `ev` needs a quiet default.
 */
export type EventFrame = {
  [Name in EventName]: {
    ev: Name;
    conversation: string;
    /** 1, 2, 3 … without gaps for this audience. */
    seq: number;
    /** Unix milliseconds; never goes down within a conversation. */
    at: number;
    by: By;
    data: EventData[Name];
  };
}[EventName];

export type SignalName = keyof SignalData;

/** Ephemeral and unnumbered. Names that are not in this union may come and are to be ignored. */
export type SignalFrame = {
  [Name in SignalName]: { sig: Name; conversation?: string; by?: By; data: SignalData[Name] };
}[SignalName];

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
  /** Unsigned, 32 bits; echoed as `re`. */
  id: number;
  op: string;
  args?: object;
}

/** Every error code and what a client is to do about it. */
export const ERROR_CODES = {
  /** The frame, an argument or a combination of arguments is not what the contract allows. */
  bad_request: "give_up",
  /** No `hello` yet, or a bad, expired or foreign token. */
  unauthorized: "reconnect",
  /** The operation belongs to the other role. */
  forbidden: "give_up",
  /** No such thing, or not yours: both are answered alike. */
  not_found: "give_up",
  /** Another agent owns the conversation; `detail.owner` says who. */
  already_claimed: "give_up",
  /** Only the owner may do this; `detail.owner` says who that is, or null. */
  not_owner: "give_up",
  /** The conversation is closed, and close is final. */
  conversation_closed: "give_up",
  /** The visitor has an open conversation already: `detail.conversation`. */
  conversation_open: "give_up",
  /** The conversation has moved past `expected_seq`; `detail` brings the head and what is new. */
  conflict: "resync",
  /** The message is larger than the contract allows. */
  too_large: "give_up",
  /** Too fast; nothing was committed. */
  rate_limited: "retry",
  /** The store cannot be reached; nothing was committed, or the same `key` will say so. */
  unavailable: "retry",
} as const satisfies Record<string, Remedy>;

/** Newer servers may know more codes: `remedy` says what to do about those. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Why the server closed the socket. */
export const CLOSE_CODES = {
  /** The server is going away; come back after `bye.retry_after_ms`. */
  GoingAway: 1001,
  /** Text on the MessagePack subprotocol, or binary on JSON. */
  WrongFrameKind: 1003,
  /** A message over the limit. */
  TooLarge: 1009,
  /** Ten frames that did not parse. */
  BadFrames: 4400,
  /** No or no longer a valid token. */
  Unauthorized: 4401,
  /** Not allowed here. */
  Forbidden: 4403,
  /** No `hello` in time, or no sign of life. */
  Idle: 4408,
  /** Reads too slowly or sends too much; reconnect and resume. */
  TooSlow: 4429,
} as const;

/** Times are milliseconds. The other limits stand in schema/catalog.json. */
export const LIMITS = {
  frame_bytes_max: 65536,
  answer_within_ms: 10000,
  text_chars_max: 4000,
  key_chars_max: 64,
  preview_chars_max: 200,
  history_limit_max: 200,
  inbox_limit_max: 100,
  bulk_max: 100,
  hello_watch_max: 50,
  agent_watches_max: 1000,
  visitor_watches_max: 50,
  typing_ends_after_ms: 6000,
} as const;

/** The subprotocols, in the server's order of preference. */
export const SUBPROTOCOLS = {
  json: "frontdesk.v1.json",
  msgpack: "frontdesk.v1.msgpack",
} as const;
