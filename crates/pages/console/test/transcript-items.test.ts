import assert from "node:assert/strict";
import { test } from "node:test";
import { firstUnanswered, itemsOf, type Item } from "../src/conversation/transcript-items";
import type { Pending } from "../src/live/unsent";
import { ADA, BEN, claimed, MINUTE, NOON, noted, said, VERA } from "./given";

const shape = (items: Item[]) =>
  items.map((item) => (item.kind === "group" ? `${item.voice}:${item.bubbles.map(({ text }) => text).join("+")}` : item.kind));

test("messages of one author within five minutes are one turn", () => {
  const events = [said(VERA, "a"), said(VERA, "b", NOON + MINUTE), said(VERA, "c", NOON + 7 * MINUTE), said(ADA, "d", NOON + 7 * MINUTE)];
  assert.deepEqual(shape(itemsOf(events, [], ADA)), ["day", "visitor:a+b", "visitor:c", "agent:d"]);
});

test("a note never joins a reply's turn, even of the same author", () => {
  const events = [said(ADA, "reply"), noted(ADA, "note"), said(ADA, "again")];
  assert.deepEqual(shape(itemsOf(events, [], ADA)), ["day", "agent:reply", "note:note", "agent:again"]);
});

test("a new day and a claim each have their line", () => {
  const events = [said(VERA, "a"), claimed(BEN), said(VERA, "b", NOON + 24 * 60 * MINUTE)];
  const items = itemsOf(events, [], ADA);
  assert.deepEqual(shape(items), ["day", "visitor:a", "system", "day", "visitor:b"]);
  assert.ok(items.some((item) => item.kind === "system" && item.who === "Ben" && item.says === "claimed this conversation"));
});

test("an unsent message stands last, and keeps its place on the page once it is an event", () => {
  const pending: Pending = {
    key: "k1", conversation: "c_1", kind: "reply", text: "wait", at: NOON, closes: false, state: "sending",
  };
  const before = itemsOf([said(VERA, "a")], [pending], ADA).at(-1);
  const after = itemsOf([said(VERA, "a"), said(ADA, "wait", NOON, "k1")], [], ADA).at(-1);
  assert.equal(before?.key, after?.key);
});

test("an event of a kind that this page does not know shows nothing and breaks nothing", () => {
  const unknown = { ...said(VERA, "x"), ev: "conversation.transferred" } as never;
  assert.deepEqual(shape(itemsOf([said(VERA, "a"), unknown], [], ADA)), ["day", "visitor:a"]);
});

test("what is new begins with the first message after the last answer, and breaks a turn", () => {
  const events = [said(VERA, "a"), said(ADA, "b"), said(VERA, "c"), noted(BEN, "n"), said(VERA, "d")];
  const newFrom = firstUnanswered(events);
  assert.equal(newFrom, events[2]?.seq);
  assert.deepEqual(shape(itemsOf(events, [], ADA, newFrom)), ["day", "visitor:a", "agent:b", "new", "visitor:c", "note:n", "visitor:d"]);
  assert.equal(firstUnanswered(events.slice(0, 2)), undefined);
  assert.equal(firstUnanswered(events.slice(0, 1)), undefined, "before the first answer everything is new");
});
