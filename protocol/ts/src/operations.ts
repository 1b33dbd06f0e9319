import type {
  Bulked,
  CountsAnswer,
  Hello,
  HistoryPage,
  InboxPage,
  Ponged,
  Profile,
  SeqAnswer,
  Sent,
  Started,
  Status,
  Watched,
} from "./wire";

type Nothing = Record<string, never>;
type OfConversation = { conversation: string };
type Keyed = { key: string };

/** Every operation but `hello`, which the client says by itself: what it takes and what it answers. */
export interface Operations {
  ping: { args: Nothing; ok: Ponged };
  "conversation.watch": { args: OfConversation & { after?: number }; ok: Watched };
  "conversation.unwatch": { args: OfConversation; ok: Nothing };
  history: { args: OfConversation & HistoryRange; ok: HistoryPage };
  typing: { args: OfConversation & { active: boolean }; ok: Nothing };
  "inbox.list": { args: InboxQuery; ok: InboxPage };
  "inbox.watch": { args: { on: boolean }; ok: CountsAnswer };

  "conversation.start": { args: Keyed & { text: string; prechat?: Profile }; ok: Started };
  /** `then: "close"` is for agents: send and close, both or neither. */
  "message.send": { args: Keyed & OfConversation & { text: string; then?: "close" }; ok: Sent };
  "note.add": { args: Keyed & OfConversation & { text: string }; ok: SeqAnswer };
  "conversation.claim": { args: Keyed & OfConversation; ok: SeqAnswer };
  "conversation.unclaim": { args: Keyed & OfConversation; ok: SeqAnswer };
  "conversation.close": { args: Keyed & OfConversation & { expected_seq?: number }; ok: SeqAnswer };
  bulk: {
    args: Keyed & { action: "claim" | "unclaim" | "close"; conversations: string[] };
    ok: Bulked;
  };
}

/** Both bounds are exclusive; give one at most. `limit` is 1–200, by default 50. */
export interface HistoryRange {
  after?: number;
  before?: number;
  limit?: number;
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

export type HelloOk = Hello;

export type Op = keyof Operations;
/** Commands carry a key, so that repeating them has one effect. */
export type Command = { [O in Op]: Operations[O]["args"] extends Keyed ? O : never }[Op];
/** Questions carry none: asking again costs nothing. */
export type Query = Exclude<Op, Command>;

export type Args<O extends Op> = Operations[O]["args"];
/** A command's arguments as callers give them: the client adds the key. */
export type CommandArgs<O extends Command> = Omit<Args<O>, "key">;
export type Ok<O extends Op> = Operations[O]["ok"];
