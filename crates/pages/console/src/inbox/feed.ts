// One page of one list, kept true by row signals: rows enter, change and leave.

import type { InboxPage, InboxQuery, Summary } from "@frontdesk/client";
import { Pages } from "./pages";
import { compare, matches, newerOf, sorted, withRows, type Rows } from "./rows";
import type { Desk } from "../live/desk";
import { explain } from "../live/refusals";
import { Store } from "../live/store";
import type { View } from "../route";

/** Which rows belong to the page is the server's to say. Not every console asks in the same moment. */
const ASK_AGAIN_AFTER_MS = 1_000;
const ASK_AGAIN_SPREAD_MS = 1_000;

export interface FeedState {
  phase: "loading" | "ready" | "failed";
  /** From 1; while the next is on its way, that of the rows. */
  page: number;
  rows: Rows;
  order: readonly string[];
  /** Rows of all pages. */
  total: number;
  hasNext: boolean;
  isTurning: boolean;
  problem: string | undefined;
}

const EMPTY: FeedState = {
  phase: "loading",
  page: 1,
  rows: new Map(),
  order: [],
  total: 0,
  hasNext: false,
  isTurning: false,
  problem: undefined,
};

export class Feed {
  readonly state = new Store(EMPTY);
  readonly #desk: Desk;
  readonly #view: View;
  readonly #onPageGone: (last: number) => void;
  readonly #pages: Pages;
  #page: number;
  #stops: (() => void)[] = [];
  /** Answers to earlier questions are ignored. */
  #asked = 0;
  /** Rows that moved while a page was being fetched; the page may be older than they are. */
  #arrived: Summary[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onPageGone`: the page asked for is behind the last one, which it is given. */
  constructor(desk: Desk, view: View, onPageGone: (last: number) => void) {
    this.#desk = desk;
    this.#view = view;
    this.#onPageGone = onPageGone;
    this.#page = view.page;
    this.#pages = new Pages((part) => desk.client.ask("inbox.list", { ...queryOf(view), ...part }), view.size);
  }

  start(): () => void {
    this.#stops = [
      this.#desk.onRow((row) => this.#onRow(row)),
      this.#desk.onReload(() => this.reload()),
      this.#desk.counts.subscribe(() => this.#countFromCounts()),
      () => this.#askedAgain(),
      () => this.#asked++,
    ];
    return () => this.#stops.forEach((stop) => stop());
  }

  /** Turns to another page of the same list. */
  show(page: number): void {
    if (page === this.#page) return;
    this.#page = page;
    if (this.#asked > 0) this.reload();
  }

  /** Asks anew what the page shows. */
  async reload(): Promise<void> {
    this.#askedAgain();
    const page = this.#page;
    if (page !== this.state.value.page) this.#set({ isTurning: true });
    const answer = await this.#ask(page);
    if (answer === undefined) return this.#set({ isTurning: false });
    const { rows, total, next } = answer;
    const last = Math.max(1, Math.ceil(total / this.#view.size));
    if (rows.length === 0 && page > last) return this.#onPageGone(last);
    const shown = withRows(new Map(), rows.map((row) => newerOf(this.#desk.row(row.id), row)));
    const hasNext = next !== undefined;
    this.state.set({ ...EMPTY, phase: "ready", page, rows: shown, order: this.#sorted(shown), total, hasNext });
    this.#takeArrived();
  }

  async #ask(page: number): Promise<InboxPage | undefined> {
    const asked = ++this.#asked;
    this.#arrived = [];
    try {
      const answer = await this.#pages.page(page);
      if (asked !== this.#asked) return undefined;
      this.#desk.learnAll(answer.rows);
      this.#desk.counts.set(answer.counts);
      return answer;
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

  #takeArrived(): void {
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const row of arrived) this.#onRow(row);
  }

  #onRow(arrived: Summary): void {
    this.#arrived.push(arrived);
    if (this.state.value.phase !== "ready") return;
    const { rows, page, hasNext } = this.state.value;
    const known = rows.get(arrived.id);
    const row = newerOf(known, arrived);
    const isMatch = matches(row, this.#view, this.#desk.me.id);
    if (isMatch === undefined && known === undefined) return this.#askSoon();
    if (isMatch !== false && (known !== undefined || this.#isOnPage(row))) return this.#put(row);
    if (known !== undefined) return this.#put(row, true);
    // It may have left another page. Where there is no other, it was never in the list.
    if ((page > 1 || hasNext) && !this.#countFromCounts()) this.#askSoon();
  }

  /** Puts the row where it belongs, or takes it off. What has to come from another page is asked for. */
  #put(row: Summary, leaves = false): void {
    const { rows: before, page, hasNext } = this.state.value;
    const rows = new Map(before);
    if (leaves) rows.delete(row.id);
    else rows.set(row.id, row);
    const order = this.#sorted(rows);
    const pushedOff = order.splice(this.#view.size);
    for (const id of pushedOff) rows.delete(id);
    // The next page begins elsewhere now.
    if (pushedOff.length > 0) this.#pages.forget();
    this.#set({ rows, order, hasNext: hasNext || pushedOff.length > 0 });
    const isMoreOrLess = leaves || !before.has(row.id);
    const isCounted = !isMoreOrLess || this.#countFromCounts();
    const belongsElsewhere = (page > 1 && order[0] === row.id) || (hasNext && order.at(-1) === row.id);
    if (!isCounted || belongsElsewhere || (hasNext && leaves) || (page > 1 && isMoreOrLess)) this.#askSoon();
  }

  #isOnPage(row: Summary): boolean {
    const { rows, order, page, hasNext } = this.state.value;
    const [first, last] = [rows.get(order[0] ?? ""), rows.get(order.at(-1) ?? "")];
    const isBefore = page > 1 && first !== undefined && compare(row, first, this.#view) < 0;
    const isBehind = hasNext && last !== undefined && compare(row, last, this.#view) > 0;
    return !isBefore && !isBehind;
  }

  #sorted(rows: Rows): string[] {
    return sorted(rows, this.#view);
  }

  /** The counts of the site are told at once; other totals are the server's to say. */
  #countFromCounts(): boolean {
    const { queue, status, search } = this.#view;
    const counts = this.#desk.counts.value;
    if (status !== "open" || search !== "" || queue === "mine" || counts === undefined) return false;
    if (this.state.value.phase === "ready") this.#set({ total: queue === "all" ? counts.open : counts.unassigned });
    return true;
  }

  /** However often it is called, it asks once in a while. */
  #askSoon(): void {
    this.#timer ??= setTimeout(() => this.reload(), ASK_AGAIN_AFTER_MS + Math.random() * ASK_AGAIN_SPREAD_MS);
  }

  #askedAgain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(change: Partial<FeedState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

function queryOf({ queue, status, search, sort, order }: View): InboxQuery {
  return { queue, status, sort, order, ...(search.trim() === "" ? {} : { search: search.trim() }) };
}
