// The list as data: what a row's arrival changes, which rows match, in which order they stand.

import type { Summary } from "@frontdesk/client";
import type { Filters } from "../route";

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

/** Newest activity first, ties by id: the same order as the server's. */
export function byActivity(a: Summary, b: Summary): number {
  return b.activity_at - a.activity_at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

export function activityOrder(rows: Rows): string[] {
  return [...rows.values()].sort(byActivity).map((row) => row.id);
}

function matchesWords(row: Summary, search: string): boolean | undefined {
  const words = search.toLowerCase().split(/\s+/u).filter((word) => word !== "");
  const texts = [row.visitor.name, row.visitor.email, row.preview?.text].map((text) => (text ?? "").toLowerCase());
  const all = words.every((word) => texts.some((text) => text.includes(word)));
  return all ? true : undefined;
}
