import type { Counts, ErrorCode, EventFrame, Remedy, Status, Summary, Watched } from "./wire";

type Nothing = Record<string, never>;
type OfConversation = { conversation: string };
type Keyed = { key: string };
type Committed = { seq: number };

/** Every operation but `hello`, which the client says by itself: what it takes and what it answers. */
export interface Operations {
  ping: { args: Nothing; ok: { at: number } };
  "conversation.watch": { args: OfConversation & { after?: number }; ok: Watched };
  "conversation.unwatch": { args: OfConversation; ok: Nothing };
  history: { args: OfConversation & HistoryRange; ok: History };
  typing: { args: OfConversation & { active: boolean }; ok: Nothing };
  "inbox.list": { args: InboxQuery; ok: InboxPage };
  "inbox.watch": { args: { on: boolean }; ok: { counts: Counts } };

  "conversation.start": {
    args: Keyed & { text: string; prechat?: Record<string, string> };
    ok: { conversation: Summary; seq: number };
  };
  "message.send": {
    /** `then: "close"` is for agents: send and close, both or neither. */
    args: Keyed & OfConversation & { text: string; then?: "close" };
    ok: { seq: number; at: number; closed_seq?: number };
  };
  "note.add": { args: Keyed & OfConversation & { text: string }; ok: Committed };
  "conversation.claim": { args: Keyed & OfConversation; ok: Committed };
  "conversation.unclaim": { args: Keyed & OfConversation; ok: Committed };
  "conversation.close": { args: Keyed & OfConversation & { expected_seq?: number }; ok: Committed };
  bulk: {
    args: Keyed & { action: "claim" | "unclaim" | "close"; conversations: string[] };
    ok: { results: BulkResult[] };
  };
}

/** Both bounds are exclusive; give one at most. `limit` is 1–200, by default 50. */
export interface HistoryRange {
  after?: number;
  before?: number;
  limit?: number;
}

export interface History {
  events: EventFrame[];
  head: number;
  more: boolean;
}

export interface InboxQuery {
  queue?: "all" | "mine" | "unassigned";
  /** By default open. */
  status?: Status | "all";
  search?: string;
  sort?: "activity" | "started" | "visitor" | "status" | "assignee";
  order?: "desc" | "asc";
  cursor?: string;
  limit?: number;
}

export interface InboxPage {
  rows: Summary[];
  /** Cursor of the next page; absent on the last. */
  next?: string;
  total: number;
  counts: Counts;
}

export type BulkResult =
  | { conversation: string; ok: Committed; err?: never }
  | {
      conversation: string;
      ok?: never;
      err: { code: ErrorCode; message: string; remedy: Remedy; detail?: Record<string, unknown> };
    };

export type Op = keyof Operations;
/** Commands: they carry a key, so that repeating them has one effect. */
export type Command = { [O in Op]: Operations[O]["args"] extends Keyed ? O : never }[Op];
/** Questions without a key: asking again costs nothing. */
export type Query = Exclude<Op, Command>;

export type Args<O extends Op> = Operations[O]["args"];
/** A command's arguments as callers give them: the client adds the key. */
export type CommandArgs<O extends Command> = Omit<Args<O>, "key">;
export type Ok<O extends Op> = Operations[O]["ok"];
