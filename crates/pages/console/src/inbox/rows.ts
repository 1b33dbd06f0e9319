// The list as data: what a row's arrival changes, which rows match, in which order they stand.

import type { Summary } from "@frontdesk/client";
import type { Filters, Sort, Sorting } from "../route";

export type Rows = ReadonlyMap<string, Summary>;

/** Of two reports on one conversation the higher number holds; on a tie, the later. */
export function newerOf(known: Summary | undefined, arrived: Summary): Summary {
  return known !== undefined && known.seq > arrived.seq ? known : arrived;
}

export function withRows(rows: Rows, arrived: readonly Summary[]): Rows {
  const next = new Map(rows);
  for (const row of arrived) next.set(row.id, newerOf(next.get(row.id), row));
  return next;
}

/** `undefined`: only the server can tell, because a search also looks into older messages. */
export function matches(row: Summary, filters: Filters, me: string): boolean | undefined {
  if (filters.status !== "all" && row.status !== filters.status) return false;
  if (filters.queue === "mine" && row.owner?.id !== me) return false;
  if (filters.queue === "unassigned" && row.owner != null) return false;
  return matchesWords(row, filters.search);
}

/** The server's order: ties by id, and who has no name or no owner comes last, whichever way it goes. */
export function compare(a: Summary, b: Summary, { sort, order }: Sorting): number {
  const [x, y] = [rankOf(a, sort), rankOf(b, sort)];
  const ties = a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  if (x === y) return ties;
  if (x === "") return 1;
  if (y === "") return -1;
  return x < y === (order === "asc") ? -1 : 1;
}

export function sorted(rows: Rows, sorting: Sorting): string[] {
  return [...rows.values()].sort((a, b) => compare(a, b, sorting)).map((row) => row.id);
}

const STATUS_RANKS = { open: 0, converted: 1, closed: 2 } as const;

function rankOf(row: Summary, sort: Sort): number | string {
  switch (sort) {
    case "activity":
      return row.activity_at;
    case "started":
      return row.started_at;
    case "status":
      return STATUS_RANKS[row.status];
    case "visitor":
      return (row.visitor.name ?? "").toLowerCase();
    case "assignee":
      return (row.owner?.name ?? "").toLowerCase();
  }
}

function matchesWords(row: Summary, search: string): boolean | undefined {
  const words = search.toLowerCase().split(/\s+/u).filter((word) => word !== "");
  const texts = [row.visitor.name, row.visitor.email, row.preview?.text].map((text) => (text ?? "").toLowerCase());
  const all = words.every((word) => texts.some((text) => text.includes(word)));
  return all ? true : undefined;
}
