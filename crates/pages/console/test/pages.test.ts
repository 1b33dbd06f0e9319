import assert from "node:assert/strict";
import { test } from "node:test";
import type { InboxPage } from "@frontdesk/client";
import { Pages, type Part } from "../src/inbox/pages";
import { row } from "./given";

/** A list of `count` rows, and what was asked of it. */
function listOf(count: number) {
  const asked: Part[] = [];
  const list = async (part: Part): Promise<InboxPage> => {
    asked.push(part);
    const first = Number(part.cursor ?? 0);
    const end = Math.min(count, first + part.limit);
    const rows = Array.from({ length: end - first }, (_, n) => row({ id: String(first + n) }));
    const counts = { open: count, mine: 0, unassigned: count };
    return { rows, total: count, counts, ...(end < count && { next: String(end) }) };
  };
  return { list, asked };
}

const ids = (page: InboxPage) => page.rows.map(({ id }) => Number(id));

test("a link to a later page finds its way there once, and turning on costs one question", async () => {
  const { list, asked } = listOf(1000);
  const pages = new Pages(list, 25);
  assert.deepEqual(ids(await pages.page(9))[0], 200);
  assert.deepEqual(asked.map(({ limit }) => limit), [100, 100, 25]);
  assert.deepEqual(ids(await pages.page(10))[0], 225);
  assert.equal(asked.length, 4);
  assert.deepEqual(ids(await pages.page(9)).length, 25);
  assert.equal(asked.length, 5);
  pages.forget();
  assert.deepEqual(ids(await pages.page(2))[0], 25);
  assert.equal(asked.length, 7);
});

test("the last page is what is left, and behind it there is nothing", async () => {
  const { list } = listOf(30);
  const pages = new Pages(list, 25);
  assert.deepEqual(ids(await pages.page(2)), [25, 26, 27, 28, 29]);
  assert.deepEqual(ids(await pages.page(3)), []);
  assert.equal((await pages.page(7)).total, 30);
});
