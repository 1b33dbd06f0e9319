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

test("a text that is written down again keeps its place", () => {
  const tab = browser();
  const outbox = new Outbox(tab());
  for (const text of ["one", "two", "three"]) outbox.add(text, null, 1);
  const [first] = outbox.all();
  first!.startTried = true;
  outbox.keep(first!);
  assert.deepEqual(textsIn(new Outbox(tab())), ["one", "two", "three"]);
});

test("what a closed conversation refused waits for a yes, also after a reload, and then goes in order", () => {
  const tab = browser();
  const before = new Outbox(tab());
  for (const text of ["one", "two"]) before.add(text, "c1", 1);
  before.add("elsewhere", "c2", 2);
  before.hold(({ conversation }) => conversation === "c1");
  const outbox = new Outbox(tab());
  assert.equal(outbox.next()?.text, "elsewhere");
  assert.deepEqual(outbox.held().map(({ text }) => text), ["one", "two"]);
  for (const item of outbox.held()) outbox.release(item, null);
  assert.deepEqual(textsIn(new Outbox(tab())), ["one", "two", "elsewhere"]);
  assert.deepEqual([outbox.next()?.text, outbox.next()?.conversation], ["one", null]);
});

test("what was accepted before the close is not held back", () => {
  const outbox = new Outbox(browser()());
  outbox.add("one", "c1", 1);
  outbox.accepted(outbox.next()!);
  outbox.hold();
  assert.deepEqual(textsIn(outbox), []);
});

test("a no discards what was held, and nothing else", () => {
  const tab = browser();
  const outbox = new Outbox(tab());
  outbox.add("held", "c1", 1);
  outbox.hold();
  outbox.add("new", null, 2);
  outbox.discard(outbox.held());
  assert.deepEqual(textsIn(new Outbox(tab())), ["new"]);
});

test("the text in the box survives a reload", () => {
  const tab = browser();
  new Draft(tab()).write("half-wri");
  assert.equal(new Draft(tab()).text, "half-wri");
});
