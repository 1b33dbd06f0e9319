import assert from "node:assert/strict";
import { test } from "node:test";
import { matches, newerOf, sorted, withRows } from "../src/inbox/rows";
import { DEFAULT_FILTERS, type Order, type Sort } from "../src/route";
import { ADA, BEN, NOON, row } from "./given";

test("the highest number holds, and on a tie the later report", () => {
  const known = row({ seq: 5 });
  const older = row({ seq: 4 });
  const tied = row({ seq: 5, visitor: { id: "v", name: "Vera", online: false } });
  assert.equal(newerOf(known, older), known);
  assert.equal(newerOf(known, tied), tied);
  assert.equal(newerOf(undefined, older), older);
});

const listed = (sort: Sort, order: Order, ...rows: Parameters<typeof row>[0][]) =>
  sorted(withRows(new Map(), rows.map(row)), { sort, order }).join(" ");

test("newest activity stands first, ties by id in both orders", () => {
  const rows = [{ id: "b" }, { id: "c", activity_at: NOON + 1 }, { id: "a" }];
  assert.equal(listed("activity", "desc", ...rows), "c a b");
  assert.equal(listed("activity", "asc", ...rows), "a b c");
});

test("whoever has no name and whatever has no owner comes last, whichever way it goes", () => {
  const visitors = ["vera", "", "Abe"].map((name, n) => ({ id: `${n}`, visitor: { id: "v", name, online: true } }));
  assert.equal(listed("visitor", "asc", ...visitors), "2 0 1");
  assert.equal(listed("visitor", "desc", ...visitors), "0 2 1");
  const owners = [{ id: "0", owner: BEN }, { id: "1" }, { id: "2", owner: ADA }];
  assert.equal(listed("assignee", "asc", ...owners), "2 0 1");
  assert.equal(listed("assignee", "desc", ...owners), "0 2 1");
});

test("open, converted, closed", () => {
  const rows = (["closed", "open", "converted"] as const).map((status) => ({ id: status, status }));
  assert.equal(listed("status", "asc", ...rows), "open converted closed");
  assert.equal(listed("status", "desc", ...rows), "closed converted open");
});

test("a row leaves the open list when it is closed, and enters the closed one", () => {
  const closed = row({ status: "closed", owner: ADA });
  assert.equal(matches(closed, DEFAULT_FILTERS, ADA.id), false);
  assert.equal(matches(closed, { ...DEFAULT_FILTERS, status: "closed" }, ADA.id), true);
});

test("mine are mine, and unassigned are nobody's", () => {
  const mine = { ...DEFAULT_FILTERS, queue: "mine" } as const;
  const unassigned = { ...DEFAULT_FILTERS, queue: "unassigned" } as const;
  assert.equal(matches(row({ owner: ADA }), mine, ADA.id), true);
  assert.equal(matches(row({ owner: BEN }), mine, ADA.id), false);
  assert.equal(matches(row(), unassigned, ADA.id), true);
  assert.equal(matches(row({ owner: ADA }), unassigned, ADA.id), false);
});

test("a search that the row itself does not answer is the server's to answer", () => {
  const search = (words: string) => ({ ...DEFAULT_FILTERS, search: words });
  assert.equal(matches(row(), search("VERA hel"), ADA.id), true);
  assert.equal(matches(row(), search("invoice"), ADA.id), undefined);
  assert.equal(matches(row({ status: "closed" }), search("invoice"), ADA.id), false);
});
