import { ApiError } from "./error";
import { Retry, type Follower, type Line } from "./line";
import type { Counts, SignalFrame, Summary } from "./wire";

export interface InboxHandlers {
  /** Watching, for the first time or again: what was listed before may be stale, so list anew. */
  onReload(counts: Counts): void;
  /** A conversation's newest state. Older states that arrive late are not told. */
  onRow(row: Summary): void;
  onCounts(counts: Counts): void;
  onError?(error: ApiError): void;
}

export interface InboxWatch {
  /** The rows of an `inbox.list` answer, each replaced by a newer state if one is known. */
  merge(rows: Summary[]): Summary[];
  close(): void;
}

/** Watches the agent's inbox until `close()`, across reconnects. */
export function watchInbox(client: { readonly line: Line }, handlers: InboxHandlers): InboxWatch {
  return new InboxFollower(client.line, handlers);
}

/** More rows than anybody looks at; the longest unchanged are forgotten first. */
const ROWS_REMEMBERED_MAX = 10_000;

class InboxFollower implements Follower, InboxWatch {
  caughtUp = false;
  private readonly line: Line;
  private readonly handlers: InboxHandlers;
  private readonly retry: Retry;
  private readonly rows = new Map<string, Summary>();

  constructor(line: Line, handlers: InboxHandlers) {
    this.line = line;
    this.handlers = handlers;
    this.retry = new Retry(line);
    line.follow(this);
  }

  connected(): void {
    this.line.ask("inbox.watch", { on: true }, ({ ok, err }) => {
      if (err?.code === "connection_lost") return;
      if (err?.remedy === "retry") return this.retry.later(() => this.connected(), err);
      if (err?.remedy === "reconnect") return this.line.reconnect();
      this.caughtUp = true;
      this.line.tell(() => (err ? this.refused(new ApiError(err)) : this.handlers.onReload(ok.counts)));
      this.line.changed();
    });
  }

  lost(): void {
    this.caughtUp = false;
    this.retry.cancel();
    this.rows.clear();
  }

  signal({ sig, data }: SignalFrame): void {
    if (sig === "inbox.counts") this.line.tell(() => this.handlers.onCounts(data));
    if (sig === "inbox.row" && this.newest(data) === data) this.line.tell(() => this.handlers.onRow(data));
  }

  merge(rows: Summary[]): Summary[] {
    return rows.map((row) => this.newest(row));
  }

  close(): void {
    this.lost();
    this.line.unfollow(this);
    if (this.line.isGreeted) this.line.ask("inbox.watch", { on: false }, () => {});
  }

  /** The highest number wins; of equals the later, as presence changes without a number. */
  private newest(row: Summary): Summary {
    const known = this.rows.get(row.id);
    if (known && known.seq > row.seq) return known;
    this.rows.delete(row.id);
    this.rows.set(row.id, row);
    if (this.rows.size > ROWS_REMEMBERED_MAX) this.rows.delete(this.rows.keys().next().value!);
    return row;
  }

  private refused(error: ApiError): void {
    this.line.unfollow(this);
    if (!this.handlers.onError) throw error;
    this.handlers.onError(error);
  }
}
