import type { Reply } from "./connection";
import { ApiError, failure } from "./error";
import { Retry, type Line } from "./line";
import type { Settled } from "./options";
import type { Command } from "./operations";

/** An unconfirmed command, ready for JSON. */
export interface StoredCommand {
  key: string;
  op: Command;
  args: { [name: string]: unknown; conversation?: string; conversations?: string[] };
  /** Who gave it, once known: nobody else's connection may carry it. */
  author?: string;
}

/** Where unconfirmed commands survive a reload. One per tab, as tabs would overwrite each other's. */
export interface OutboxStorage {
  load(): StoredCommand[];
  save(commands: StoredCommand[]): void;
}

/** For `sessionStorage`: survives a reload of this tab and belongs to no other. */
export function storedOutbox(storage: Pick<Storage, "getItem" | "setItem">, name: string): OutboxStorage {
  return {
    load() {
      const stored: unknown = JSON.parse(storage.getItem(name) ?? "[]");
      return Array.isArray(stored) ? stored.filter((command) => command?.key && command.op && command.args) : [];
    },
    save: (commands) => storage.setItem(name, JSON.stringify(commands)),
  };
}

interface Entry {
  command: StoredCommand;
  answer: Promise<unknown>;
  resolve(ok: unknown): void;
  reject(error: ApiError): void;
  /** Sent on this connection, or waiting to be sent again. */
  busy: boolean;
  /** Not confirmed by the connection it was given on. */
  late: boolean;
  retry: Retry;
}

/** Commands without an answer, in the order given. Each leaves by its answer only, and never overtakes. */
export class Outbox {
  private readonly line: Line;
  private readonly storage: OutboxStorage | undefined;
  private readonly onSettled: (settled: Settled) => void;
  private entries: Entry[] = [];

  constructor(line: Line, storage: OutboxStorage | undefined, onSettled: (settled: Settled) => void) {
    this.line = line;
    this.storage = storage;
    this.onSettled = onSettled;
    line.tell(() => {
      // Whoever awaited these is gone with the page before; `settled` tells how they ended.
      for (const command of storage?.load() ?? []) this.admit(command).answer.catch(() => {});
    });
  }

  get commands(): StoredCommand[] {
    return this.entries.map(({ command }) => command);
  }

  get isLate(): boolean {
    return this.entries.some(({ late }) => late);
  }

  /** The same key again is the same command. */
  add(command: StoredCommand): Promise<unknown> {
    const known = this.entries.find((entry) => entry.command.key === command.key);
    const { answer } = known ?? this.admit(command);
    this.save();
    this.send();
    return answer;
  }

  /** Greeted as `author`: whatever is left goes out again, with the keys it had. */
  resume(author: string): void {
    for (const entry of this.entries) {
      entry.retry.cancel();
      entry.busy = false;
      entry.late = true;
    }
    for (const entry of [...this.entries]) {
      entry.command.author ??= author;
      if (entry.command.author !== author) this.settle(entry, { err: foreign() });
    }
    this.save();
    this.send();
  }

  private admit(command: StoredCommand): Entry {
    const entry = { command, busy: false, late: false, retry: new Retry(this.line) } as Entry;
    entry.answer = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    this.entries.push(entry);
    return entry;
  }

  /**
   * At most one command of a conversation is on its way: if it is told to wait, those behind it must
   * not pass. A bulk stands in the queue of each of its conversations.
   */
  private send(): void {
    if (!this.line.isGreeted) return;
    const taken = new Set<string>();
    for (const entry of [...this.entries]) {
      const { op, key, args } = entry.command;
      const touches = args.conversations ?? [args.conversation ?? op];
      const isFree = !touches.some((id) => taken.has(id));
      for (const id of touches) taken.add(id);
      if (!isFree || entry.busy) continue;
      entry.busy = true;
      this.line.ask(op, { ...args, key }, (reply) => this.answered(entry, reply));
    }
  }

  private answered(entry: Entry, reply: Reply): void {
    const { err } = reply;
    if (err?.code === "connection_lost") return;
    if (err?.remedy === "reconnect") return this.line.reconnect();
    if (err?.remedy === "retry") {
      entry.late = true;
      entry.retry.later(() => {
        entry.busy = false;
        this.send();
      }, err);
    } else {
      this.settle(entry, reply);
      this.save();
      this.send();
    }
    this.line.changed();
  }

  private settle(entry: Entry, { ok, err }: Reply): void {
    this.entries = this.entries.filter((other) => other !== entry);
    entry.retry.cancel();
    const { command } = entry;
    if (err) {
      const error = new ApiError(err);
      entry.reject(error);
      this.onSettled({ command, error });
    } else {
      entry.resolve(ok);
      this.onSettled({ command, ok });
    }
  }

  /** A storage that is full or forbidden costs the reload, not the command. */
  private save(): void {
    this.line.tell(() => this.storage?.save(this.commands));
  }
}

const foreign = () => failure("unauthorized", "This was written by somebody else.");
