import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_FILTERS, hrefOf, parseRoute } from "../src/route";

const INBOX = "/dashboard/chat/inbox";

test("the plain address is all open conversations, and is written plainly", () => {
  const route = parseRoute(INBOX, "");
  assert.deepEqual(route, { conversation: null, filters: DEFAULT_FILTERS });
  assert.equal(hrefOf(route), INBOX);
});

test("an address reproduces the view", () => {
  for (const address of [
    `${INBOX}?queue=mine&status=closed`,
    `${INBOX}/c_1?queue=unassigned`,
    `${INBOX}/c_1?status=all&q=blue+%26+green`,
  ]) {
    const [path = "", query = ""] = address.split("?");
    assert.equal(hrefOf(parseRoute(path, query)), address);
  }
});

test("what makes no sense in an address is as if it were not there", () => {
  assert.deepEqual(parseRoute(INBOX, "queue=everything&status=%00").filters, DEFAULT_FILTERS);
  assert.equal(parseRoute(`${INBOX}/`, "").conversation, null);
  assert.equal(parseRoute(`${INBOX}/a/b`, "").conversation, null);
  assert.equal(parseRoute(`${INBOX}/%E0%A4%A`, "").conversation, null);
});
