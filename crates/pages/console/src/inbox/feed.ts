// One filtered view of the inbox, kept true by row signals: rows enter, change and leave.

import type { InboxPage, InboxQuery, Summary } from "@frontdesk/client";
import { activityOrder, byActivity, matches, newerOf, withRows, type Rows } from "./rows";
import type { Desk } from "../live/desk";
import { explain } from "../live/refusals";
import { Store } from "../live/store";
import type { Filters } from "../route";

const PAGE_ROWS = 25;
const PAGE_ROWS_MAX = 100;
/** Fewer than this and the next page is fetched unasked: rows leave as they are dealt with. */
const ROWS_LOW = 8;
const RECOUNT_AFTER_MS = 1_000;
const SEARCH_AGAIN_AFTER_MS = 2_000;

export interface FeedState {
  phase: "loading" | "ready" | "failed";
  rows: Rows;
  order: readonly string[];
  total: number;
  next: string | undefined;
  loadingMore: boolean;
  problem: string | undefined;
}

const EMPTY: FeedState = {
  phase: "loading",
  rows: new Map(),
  order: [],
  total: 0,
  next: undefined,
  loadingMore: false,
  problem: undefined,
};

export class Feed {
  readonly state = new Store(EMPTY);
  readonly #desk: Desk;
  readonly #filters: Filters;
  #stops: (() => void)[] = [];
  /** Answers to earlier questions are ignored. */
  #asked = 0;
  /** Rows that moved while a page was being fetched; the page may be older than they are. */
  #arrived: Summary[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(desk: Desk, filters: Filters) {
    this.#desk = desk;
    this.#filters = filters;
  }

  start(): () => void {
    this.#stops = [
      this.#desk.onRow((row) => this.#onRow(row)),
      this.#desk.onReload(() => this.reload()),
      this.#desk.counts.subscribe(() => this.#countFromCounts()),
      () => clearTimeout(this.#timer),
      () => this.#asked++,
    ];
    return () => this.#stops.forEach((stop) => stop());
  }

  /** Lists anew, as many rows as are shown now. */
  async reload(): Promise<void> {
    const limit = Math.min(PAGE_ROWS_MAX, Math.max(PAGE_ROWS, this.state.value.rows.size));
    const page = await this.#ask({ limit });
    if (page === undefined) return;
    this.state.set({ ...EMPTY, phase: "ready", ...this.#merged(new Map(), page), total: page.total, next: page.next });
    this.#takeArrived();
  }

  async loadMore(): Promise<void> {
    const { next, loadingMore } = this.state.value;
    if (next === undefined || loadingMore) return;
    this.#set({ loadingMore: true });
    const page = await this.#ask({ limit: PAGE_ROWS, cursor: next });
    if (page === undefined) return this.#set({ loadingMore: false });
    this.#set({ ...this.#merged(this.state.value.rows, page), total: page.total, next: page.next, loadingMore: false });
    this.#takeArrived();
  }

  async #ask(what: Pick<InboxQuery, "limit" | "cursor">): Promise<InboxPage | undefined> {
    const asked = ++this.#asked;
    this.#arrived = [];
    try {
      const page = await this.#desk.client.ask("inbox.list", { ...queryOf(this.#filters), ...what });
      if (asked !== this.#asked) return undefined;
      this.#desk.learnAll(page.rows);
      this.#desk.counts.set(page.counts);
      return page;
    } catch (error) {
      if (asked === this.#asked) this.#onProblem(error);
      return undefined;
    }
  }

  #onProblem(error: unknown): void {
    // A break in the connection ends in a reload; the banner already says so.
    if (this.#desk.isConnectionLost(error)) return;
    this.#set({ problem: explain(error), ...(this.state.value.phase === "loading" ? { phase: "failed" } : {}) });
  }

  #merged(rows: Rows, page: InboxPage): Pick<FeedState, "rows" | "order"> {
    const merged = withRows(rows, page.rows);
    return { rows: merged, order: activityOrder(merged) };
  }

  #takeArrived(): void {
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const row of arrived) this.#onRow(row);
  }

  #onRow(arrived: Summary): void {
    this.#arrived.push(arrived);
    if (this.state.value.phase !== "ready") return;
    const known = this.state.value.rows.get(arrived.id);
    const row = newerOf(known, arrived);
    const isMatch = matches(row, this.#filters, this.#desk.me.id);
    if (isMatch === false) this.#leave(row.id);
    else if (known !== undefined) this.#change(row);
    else if (isMatch === true) this.#enter(row);
    else this.#later(SEARCH_AGAIN_AFTER_MS, () => this.reload());
  }

  #leave(id: string): void {
    const rows = new Map(this.state.value.rows);
    if (rows.delete(id)) {
      this.#set({ rows, order: activityOrder(rows), total: Math.max(rows.size, this.state.value.total - 1) });
      if (rows.size < ROWS_LOW) this.loadMore();
    }
    this.#recount();
  }

  #change(row: Summary): void {
    const rows = new Map(this.state.value.rows).set(row.id, row);
    this.#set({ rows, order: activityOrder(rows) });
  }

  #enter(row: Summary): void {
    const { rows, order, next, total } = this.state.value;
    const last = rows.get(order.at(-1) ?? "");
    const isOnLaterPage = next !== undefined && last !== undefined && byActivity(last, row) < 0;
    if (!isOnLaterPage) {
      const more = new Map(rows).set(row.id, row);
      this.#set({ rows: more, order: activityOrder(more), total: Math.max(more.size, total) });
    }
    this.#recount();
  }

  /** How many match in all is the server's to say, as rows beyond the loaded pages are not known. */
  #recount(): void {
    if (this.#countFromCounts()) return;
    if (this.#filters.search !== "") return this.#later(SEARCH_AGAIN_AFTER_MS, () => this.reload());
    this.#later(RECOUNT_AFTER_MS, async () => {
      try {
        const page = await this.#desk.client.ask("inbox.list", { ...queryOf(this.#filters), limit: 1 });
        this.#set({ total: Math.max(page.total, this.state.value.rows.size) });
      } catch (error) {
        this.#onProblem(error);
      }
    });
  }

  #countFromCounts(): boolean {
    const { queue, status, search } = this.#filters;
    const counts = this.#desk.counts.value;
    if (status !== "open" || search !== "" || queue === "mine" || counts === undefined) return false;
    if (this.state.value.phase === "ready") this.#set({ total: queue === "all" ? counts.open : counts.unassigned });
    return true;
  }

  #later(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, ms);
  }

  #set(change: Partial<FeedState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

function queryOf({ queue, status, search }: Filters): InboxQuery {
  return { queue, status, ...(search.trim() === "" ? {} : { search: search.trim() }) };
}
