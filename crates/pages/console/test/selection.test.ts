import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING, ticked, tickedAll, tickedOne } from "../src/inbox/selection";

const PAGE = ["a", "b", "c", "d"];

test("the box at the head shows none, some or all, and ticks all or none", () => {
  assert.equal(ticked(NOTHING, PAGE), "none");
  const one = tickedOne(NOTHING, PAGE, "b");
  assert.equal(ticked(one, PAGE), "some");
  const all = tickedAll(one, PAGE);
  assert.equal(ticked(all, PAGE), "all");
  assert.deepEqual([...tickedAll(all, PAGE)], []);
});

test("what has left the page does not count", () => {
  assert.equal(ticked(new Set(["z"]), PAGE), "none");
  assert.equal(ticked(new Set(["z", ...PAGE]), PAGE), "all");
});

test("with Shift all between two boxes become as the second one does", () => {
  const three = tickedOne(tickedOne(NOTHING, PAGE, "d"), PAGE, "b", "d");
  assert.deepEqual([...three].sort(), ["b", "c", "d"]);
  assert.deepEqual([...tickedOne(three, PAGE, "c", "b")].sort(), ["d"]);
  assert.deepEqual([...tickedOne(NOTHING, PAGE, "a", "gone")], ["a"]);
});
