import type { Hello, WireOperations } from "./wire";

/** Every operation but `hello`, which the client says by itself: what it takes and what it answers. */
export type Operations = Omit<WireOperations, "hello">;

export type Op = keyof Operations;
/** Commands carry a key, so that repeating them has one effect. */
export type Command = { [O in Op]: Operations[O]["args"] extends { key: string } ? O : never }[Op];
/** Questions carry none: asking again costs nothing. */
export type Query = Exclude<Op, Command>;

export type Args<O extends Op> = Operations[O]["args"];
/** A command's arguments as callers give them: the client adds the key. */
export type CommandArgs<O extends Command> = Omit<Args<O>, "key">;
export type Ok<O extends Op> = Operations[O]["ok"];

export type HelloOk = Hello;
export type InboxQuery = Args<"inbox.list">;
