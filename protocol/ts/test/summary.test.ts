import assert from "node:assert/strict";
import { test } from "node:test";
import { advance } from "../src/summary";
import type { By, Summary } from "../src/wire";
import { event, summary } from "./stage";

const ALICE: By = { role: "agent", id: "a_1", name: "Alice" };

test("a summary moves with the events and ends as the server would tell it", () => {
  const story = [
    event("c", 2, { data: { text: "x".repeat(300) } }),
    event("c", 3, { ev: "conversation.claimed", by: ALICE, data: { owner: { id: "a_1", name: "Alice" } } }),
    event("c", 4, { by: ALICE, data: { text: "hello" } }),
    event("c", 5, { ev: "conversation.closed", by: ALICE, data: { reason: "agent", text: "closed" } }),
  ];
  const told = [] as (number | undefined)[];
  let end: Summary = { ...summary("c", 1), unread: 1 };
  for (const next of story) {
    end = advance(end, next);
    told.push(end.unread);
  }
  assert.deepEqual(told, [2, 2, 0, 0]);
  assert.deepEqual([end.status, end.seq, end.closed_at, end.owner?.name, end.preview.text], ["closed", 5, 5, "Alice", "hello"]);
});

test("an event that the summary already counts, or of another conversation, changes nothing", () => {
  const now = summary("c", 5);
  assert.equal(advance(now, event("c", 5)), now);
  assert.equal(advance(now, event("d", 6)), now);
});

test("a visitor's summary has no unread, and gets none", () => {
  assert.equal("unread" in advance(summary("c", 1), event("c", 2)), false);
});
