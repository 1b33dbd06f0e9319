import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorBody } from "@frontdesk/client";
import { isEligible, outcomeOf } from "../src/inbox/bulk";
import { chipsOf } from "../src/inbox/chips";
import { ADA, BEN, row } from "./given";

const refused = (code: ErrorBody["code"], detail: ErrorBody["detail"] = {}): ErrorBody => ({
  code,
  message: code,
  remedy: "give_up",
  detail,
  retry_after_ms: 0,
});

test("a button works when one ticked row would take it", () => {
  assert.equal(isEligible(row(), "claim", ADA.id), true);
  assert.equal(isEligible(row({ owner: ADA }), "claim", ADA.id), false);
  assert.equal(isEligible(row({ owner: ADA }), "close", ADA.id), true);
  assert.equal(isEligible(row({ owner: BEN }), "unclaim", ADA.id), false);
  assert.equal(isEligible(row({ owner: ADA, status: "closed" }), "close", ADA.id), false);
});

test("the outcome counts, and says of each that was skipped why", () => {
  const outcome = outcomeOf(
    "claim",
    [
      { conversation: "a", ok: { seq: 3 } },
      { conversation: "b", err: refused("already_claimed", { owner: BEN }) },
    ],
    (id) => row({ id, visitor: { id: "v", name: "Vera", online: true } }),
  );
  assert.equal(outcome.headline, "1 claimed, 1 skipped");
  assert.deepEqual(outcome.skipped, [{ id: "b", name: "Vera", why: "Ben already claimed this conversation." }]);
});

test("nobody's conversation is not closed without a claim", () => {
  const { headline, skipped } = outcomeOf("close", [{ conversation: "a", err: refused("not_owner", { owner: null }) }], () => undefined);
  assert.equal(headline, "0 closed, 1 skipped");
  assert.equal(skipped[0]?.why, "Claim this conversation to close it.");
});

test("each filter in force is a chip, and without it the list is wider", () => {
  assert.deepEqual(chipsOf({ queue: "all", status: "all", search: "" }), []);
  const chips = chipsOf({ queue: "mine", status: "open", search: "blue" });
  assert.deepEqual(chips.map(({ label }) => label), ["Queue: Mine", "Status: Open", "Search: blue"]);
  assert.deepEqual(chips[1]?.without, { status: "all" });
});
