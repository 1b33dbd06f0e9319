import assert from "node:assert/strict";
import { test } from "node:test";
import { Draft } from "../src/draft";
import { Outbox } from "../src/outbox";
import { browser } from "./storage";

const textsIn = (outbox: Outbox) => outbox.all().map(({ text }) => text);

test("what was not accepted survives a reload, in order and under its key", () => {
  const tab = browser();
  const before = new Outbox(tab());
  before.add("one", "c1", 1);
  before.add("two", "c1", 2);
  const after = new Outbox(tab());
  assert.deepEqual(textsIn(after), ["one", "two"]);
  assert.deepEqual(after.all().map(({ key }) => key), before.all().map(({ key }) => key));
});

test("what was accepted is shown until its event arrives, and not sent after a reload", () => {
  const tab = browser();
  const outbox = new Outbox(tab());
  outbox.add("one", "c1", 1);
  const item = outbox.next()!;
  outbox.accepted(item);
  assert.deepEqual(textsIn(outbox), ["one"]);
  assert.equal(outbox.next(), undefined);
  assert.deepEqual(textsIn(new Outbox(tab())), []);
  outbox.remove(item.key);
  assert.deepEqual(textsIn(outbox), []);
});

test("two tabs do not lose each other's texts", () => {
  const tab = browser();
  const [left, right] = [new Outbox(tab()), new Outbox(tab())];
  left.add("left", "c1", 1);
  right.add("right", "c1", 2);
  left.accepted(left.next()!);
  assert.deepEqual(textsIn(new Outbox(tab())), ["right"]);
});

test("texts that waited for a conversation go to it, unless they may have started one themselves", () => {
  const outbox = new Outbox(browser()());
  outbox.add("tried", null, 1);
  outbox.add("waited", null, 2);
  outbox.all()[0]!.startTried = true;
  outbox.direct("c1");
  assert.deepEqual(outbox.all().map(({ conversation }) => conversation), [null, "c1"]);
});

test("without storage everything lives as long as the page", () => {
  const storage = browser(true)();
  const outbox = new Outbox(storage);
  outbox.add("one", null, 1);
  assert.deepEqual(textsIn(new Outbox(storage)), ["one"]);
});

test("a foreign hand in the storage costs the texts, not the widget", () => {
  const tab = browser();
  for (const rubbish of ["{", "7", '"text"', "null", "[null, {}]"]) {
    tab().setText("outbox", rubbish);
    assert.deepEqual(textsIn(new Outbox(tab())), []);
  }
});

test("refused texts return to the box, and are meant to be sent", () => {
  const draft = new Draft(browser()());
  draft.takeBack(["one"]);
  draft.takeBack(["two"]);
  assert.equal(draft.text, "one\ntwo");
  assert.equal(draft.heldBack, true);
});

test("a refused text beside a half-written one is not sent without asking", () => {
  const tab = browser();
  const draft = new Draft(tab());
  draft.write("half-wri");
  draft.takeBack(["refused"]);
  assert.equal(draft.text, "refused\nhalf-wri");
  assert.equal(new Draft(tab()).heldBack, false);
});
