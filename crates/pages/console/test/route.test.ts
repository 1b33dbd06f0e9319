import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_VIEW, hrefOf, parseRoute, withView } from "../src/route";

const INBOX = "/dashboard/chat/inbox";

test("the plain address is all open conversations, and is written plainly", () => {
  const route = parseRoute(INBOX, "");
  assert.deepEqual(route, { conversation: null, view: DEFAULT_VIEW });
  assert.equal(hrefOf(route), INBOX);
});

test("an address reproduces the view", () => {
  for (const address of [
    `${INBOX}?queue=mine&status=closed`,
    `${INBOX}/c_1?queue=unassigned`,
    `${INBOX}/c_1?status=all&q=blue+%26+green`,
    `${INBOX}?sort=visitor&order=desc&size=10&page=3`,
    `${INBOX}?order=asc`,
    `${INBOX}/c_1?sort=started&size=100`,
  ]) {
    const [path = "", query = ""] = address.split("?");
    assert.equal(hrefOf(parseRoute(path, query)), address);
  }
});

test("what makes no sense in an address is as if it were not there", () => {
  assert.deepEqual(parseRoute(INBOX, "queue=everything&status=%00&sort=age&order=up&size=7&page=-1").view, DEFAULT_VIEW);
  assert.equal(parseRoute(`${INBOX}/`, "").conversation, null);
  assert.equal(parseRoute(`${INBOX}/a/b`, "").conversation, null);
  assert.equal(parseRoute(`${INBOX}/%E0%A4%A`, "").conversation, null);
});

test("another list begins at its first page, and every column has its usual order", () => {
  const route = parseRoute(INBOX, "queue=mine&page=4&sort=visitor");
  assert.equal(route.view.order, "asc");
  assert.equal(hrefOf(withView(route, { status: "closed" })), `${INBOX}?queue=mine&status=closed&sort=visitor`);
});
