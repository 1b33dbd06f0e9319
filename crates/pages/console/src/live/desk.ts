// Everything live that one signed-in agent has: the connection, the newest state of every row
// heard of, the counts, and what is not sent yet.

import { ApiError, watchInbox, type By, type Client, type Counts, type InboxWatch, type Summary } from "@frontdesk/client";
import { explain } from "./refusals";
import { Store } from "./store";
import { Unsent } from "./unsent";
import { newerOf } from "../inbox/rows";
import { toast } from "../ui/toast";

const ROWS_KNOWN_MAX = 5_000;

export class Desk {
  readonly client: Client;
  readonly me: By;
  readonly counts = new Store<Counts | undefined>(undefined);
  readonly unsent: Unsent;
  readonly #inbox: InboxWatch;
  readonly #rows = new Map<string, Summary>();
  readonly #onRow = new Set<(row: Summary) => void>();
  readonly #onReload = new Set<() => void>();
  #isWatching = false;

  constructor(client: Client, me: By) {
    this.client = client;
    this.me = me;
    this.unsent = new Unsent(client, me);
    this.#inbox = watchInbox(client, {
      onReload: (counts) => {
        this.#isWatching = true;
        this.counts.set(counts);
        for (const reload of this.#onReload) reload();
      },
      onRow: (row) => {
        this.#learn(row);
        for (const tell of this.#onRow) tell(row);
      },
      onCounts: (counts) => this.counts.set(counts),
      onError: (error) => toast("error", `The inbox is not live: ${explain(error)}`),
    });
  }

  close(): void {
    this.#inbox.close();
    this.unsent.close();
  }

  /** The newest state heard of by any way. */
  row(id: string): Summary | undefined {
    return this.#rows.get(id);
  }

  onRow(tell: (row: Summary) => void): () => void {
    this.#onRow.add(tell);
    return () => this.#onRow.delete(tell);
  }

  /** Called when lists may be stale; at once, when the inbox is being watched already. */
  onReload(reload: () => void): () => void {
    this.#onReload.add(reload);
    if (this.#isWatching) reload();
    return () => this.#onReload.delete(reload);
  }

  learnAll(rows: readonly Summary[]): void {
    rows.forEach((row) => this.#learn(row));
  }

  isConnectionLost(error: unknown): boolean {
    return error instanceof ApiError && error.code === "connection_lost";
  }

  #learn(row: Summary): void {
    const newest = newerOf(this.#rows.get(row.id), row);
    // Taken out and put in again, so that the first is always the longest unchanged.
    this.#rows.delete(row.id);
    this.#rows.set(row.id, newest);
    const [oldest] = this.#rows.keys();
    if (this.#rows.size > ROWS_KNOWN_MAX && oldest !== undefined) this.#rows.delete(oldest);
  }
}
