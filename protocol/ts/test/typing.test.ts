import assert from "node:assert/strict";
import { test } from "node:test";
import { TypingNotice } from "../src/typing";
import { Stage } from "./stage";

test("typing is told at once, repeated before the other side gives up, and ended when idle", () => {
  const stage = Stage.live();
  const notice = new TypingNotice(stage.client, "c");
  for (let keys = 0; keys < 40; keys++) {
    notice.pressed();
    stage.clock.pass(100);
  }
  stage.clock.pass(10_000);
  assert.deepEqual(stage.socket.asked.map(({ args }) => args.active), [true, true, false]);
});

test("sending ends it, once", () => {
  const stage = Stage.live();
  const notice = new TypingNotice(stage.client, "c");
  notice.pressed();
  notice.ended();
  notice.ended();
  assert.deepEqual(stage.socket.asked.map(({ args }) => args.active), [true, false]);
});

test("without a connection it is not said, and not said later either", () => {
  const stage = new Stage();
  new TypingNotice(stage.client, "c").pressed();
  stage.client.start();
  stage.greet();
  assert.deepEqual(stage.socket.ops, []);
});
