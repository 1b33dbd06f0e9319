import assert from "node:assert/strict";
import { test } from "node:test";
import { activityOrder, matches, newerOf, withRows } from "../src/inbox/rows";
import { DEFAULT_FILTERS } from "../src/route";
import { ADA, BEN, NOON, row } from "./given";

test("the highest number holds, and on a tie the later report", () => {
  const known = row({ seq: 5 });
  const older = row({ seq: 4 });
  const tied = row({ seq: 5, visitor: { id: "v", name: "Vera", online: false } });
  assert.equal(newerOf(known, older), known);
  assert.equal(newerOf(known, tied), tied);
  assert.equal(newerOf(undefined, older), older);
});

test("newest activity stands first, ties by id", () => {
  const rows = withRows(new Map(), [row({ id: "a" }), row({ id: "c", activity_at: NOON + 1 }), row({ id: "b" })]);
  assert.deepEqual(activityOrder(rows), ["c", "b", "a"]);
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
