import assert from "node:assert/strict";
import { test } from "node:test";
import { event, Stage, summary, upTo } from "./stage";

test("a new watch starts with a reset and everything from 1", () => {
  const stage = Stage.live();
  stage.heads["c"] = 3;
  const log = stage.watch("c");
  assert.equal(stage.client.state, "behind");
  stage.answerWatch();
  assert.equal(log.resets, 1);
  assert.deepEqual(log.seqs, [1, 2, 3]);
  assert.equal(stage.client.state, "live");
});

test("a reconnect resumes after the last number, in the hello's own round trip", () => {
  const stage = Stage.live();
  stage.heads["c"] = 3;
  const log = stage.watch("c");
  stage.answerWatch();

  stage.socket.drop();
  stage.heads["c"] = 5;
  stage.clock.pass(500);
  const hello = stage.greet();

  assert.deepEqual(hello.watch, [{ conversation: "c", after: 3 }]);
  assert.deepEqual(log.seqs, upTo(5));
  assert.equal(log.resets, 1);
  assert.equal(log.summaries, 1);
  assert.deepEqual(stage.socket.ops, []);
  assert.equal(stage.client.state, "live");
});

test("a caller that has events already asks only for what follows", () => {
  const stage = Stage.live();
  stage.heads["c"] = 9;
  const log = stage.watch("c", 7);
  stage.answerWatch();
  assert.equal(log.resets, 0);
  assert.deepEqual(log.seqs, [8, 9]);
});

test("an event that comes twice is told once", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  stage.post("c");
  stage.socket.receive(event("c", 1));
  stage.post("c");
  stage.socket.receive(event("c", 1));
  assert.deepEqual(log.seqs, [1, 2]);
});

test("a gap is noticed, admitted and filled from history", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  stage.post("c");
  stage.post("c", { lost: true });
  stage.post("c");
  assert.deepEqual(log.seqs, [1]);
  assert.equal(stage.client.state, "behind");

  stage.post("c");
  assert.deepEqual(stage.socket.ops, ["history"]);
  assert.equal(stage.answerHistory().after, 1);
  assert.deepEqual(log.seqs, upTo(4));
  assert.equal(stage.client.state, "live");
});

test("an event that overtakes the history answer is not lost", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  stage.post("c", { lost: true });
  stage.post("c");
  const asked = stage.socket.take("history");
  stage.post("c");
  stage.socket.receive({ re: asked.id, ok: { events: [event("c", 1), event("c", 2)], head: 2, more: false } });
  stage.answerHistory();
  assert.deepEqual(log.seqs, [1, 2, 3]);
});

test("long conversations are fetched page by page, in order", () => {
  const stage = Stage.live();
  stage.heads["c"] = 501;
  const log = stage.watch("c");
  stage.answerWatch();
  assert.equal(log.seqs.length, 200);
  assert.equal(stage.answerHistory().after, 200);
  stage.post("c");
  assert.equal(stage.client.state, "behind");
  assert.equal(stage.answerHistory().after, 400);
  assert.deepEqual(log.seqs, upTo(502));
  assert.equal(stage.client.state, "live");
});

test("a cut in the middle of the pages goes on where it stopped", () => {
  const stage = Stage.live();
  stage.heads["c"] = 600;
  const log = stage.watch("c");
  stage.answerWatch();
  stage.answerHistory();
  assert.equal(log.seqs.length, 400);
  const hello = stage.reconnect();
  assert.deepEqual(hello.watch, [{ conversation: "c", after: 400 }]);
  assert.deepEqual(log.seqs, upTo(600));
});

test("a server that knows less than we do makes the handler start afresh", () => {
  const stage = Stage.live();
  stage.heads["c"] = 9;
  const log = stage.watch("c");
  stage.answerWatch();
  stage.heads["c"] = 2;
  stage.reconnect();
  assert.equal(log.resets, 2);
  assert.deepEqual(log.seqs, [1, 2]);
  stage.post("c");
  assert.deepEqual(log.seqs, [1, 2, 3]);
  assert.equal(stage.client.state, "live");
});

test("a number heard of before a cut and never kept by the server is not waited for", () => {
  const stage = Stage.live();
  stage.heads["c"] = 2;
  const log = stage.watch("c");
  stage.answerWatch();
  stage.socket.receive(event("c", 9));
  assert.equal(stage.client.state, "behind");
  stage.reconnect();
  assert.deepEqual(log.seqs, [1, 2]);
  assert.equal(stage.client.state, "live");
});

test("history that brings nothing is asked again, but not hotly", () => {
  const stage = Stage.live();
  stage.watch("c");
  stage.answerWatch();
  stage.socket.receive(event("c", 2));
  for (let tries = 0; tries < 3; tries++) {
    stage.socket.ok("history", { events: [], head: 0, more: false });
    assert.deepEqual(stage.socket.ops, []);
    stage.clock.pass(10_000);
  }
  assert.deepEqual(stage.socket.ops, ["history"]);
  assert.equal(stage.client.state, "behind");
});

test("an unknown event counts for its number", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  stage.socket.receive({ ev: "conversation.rated", conversation: "c", seq: 1, at: 1, by: { role: "visitor" } });
  stage.socket.receive(event("c", 2));
  assert.deepEqual(log.seqs, [1, 2]);
  assert.deepEqual(stage.socket.ops, []);
});

test("more than fifty watches: fifty in the hello, each other by itself", () => {
  const stage = Stage.live();
  const logs = upTo(53).map((n) => {
    stage.heads[`c${n}`] = 1;
    return stage.watch(`c${n}`);
  });
  for (const _ of logs) stage.answerWatch();

  stage.socket.drop();
  for (const id in stage.heads) stage.heads[id] = 2;
  stage.clock.pass(500);
  const hello = stage.greet();
  assert.equal(hello.watch.length, 50);
  assert.deepEqual(stage.socket.ops, Array(3).fill("conversation.watch"));
  assert.equal(stage.client.state, "behind");
  for (const _ of upTo(3)) stage.answerWatch();
  assert.ok(logs.every(({ seqs }) => seqs.length === 2));
  assert.equal(stage.client.state, "live");
});

test("a closed watch is unwatched and hears nothing more", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  log.watch.close();
  stage.socket.ok("conversation.unwatch", {});
  stage.post("c");
  assert.deepEqual(log.seqs, []);
  assert.equal(stage.reconnect().watch, undefined);
});

test("two watches of one conversation both hear, and the first to close leaves the other alone", () => {
  const stage = Stage.live();
  const [first, second] = [stage.watch("c"), stage.watch("c")];
  stage.answerWatch();
  stage.answerWatch();
  stage.post("c");
  first.watch.close();
  stage.post("c");
  assert.deepEqual([first.seqs, second.seqs], [[1], [1, 2]]);
  assert.deepEqual(stage.socket.ops, []);
});

test("a watch closed during the hello is unwatched after it, before anybody watches again", () => {
  const stage = new Stage();
  stage.heads["c"] = 1;
  const early = stage.watch("c");
  stage.client.start();
  stage.socket.open();
  early.watch.close();
  stage.socket.ok("hello", {
    self: { id: "v_1" },
    heartbeat_ms: 25_000,
    watching: [{ conversation: summary("c", 1), events: [event("c", 1)], head: 1, more: false, reset: false }],
  });
  stage.watch("c");
  assert.deepEqual(stage.socket.ops, ["conversation.unwatch", "conversation.watch"]);
  assert.equal(early.resets, 0);
});

test("a watch that is refused ends and says why", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.socket.err("conversation.watch", "not_found", "give_up");
  assert.deepEqual(log.errors, ["not_found"]);
  assert.equal(stage.client.state, "live");
});

test("a watch refused within the hello ends, its neighbours resume", () => {
  const stage = new Stage();
  const [gone, here] = [stage.watch("gone"), stage.watch("here")];
  stage.client.start();
  stage.socket.open();
  const err = { code: "not_found", message: "", remedy: "give_up", detail: {}, retry_after_ms: 0 };
  const watched = { conversation: summary("here", 1), events: [event("here", 1)], head: 1, more: false, reset: false };
  stage.socket.ok("hello", { self: { id: "v_1" }, heartbeat_ms: 25_000, watching: [{ id: "gone", err }, watched] });
  assert.deepEqual(gone.errors, ["not_found"]);
  assert.deepEqual(here.seqs, [1]);
});

test("a watch told to wait is asked again after that time", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.socket.err("conversation.watch", "unavailable", "retry", { retry_after_ms: 700 });
  stage.clock.pass(699);
  assert.deepEqual(stage.socket.ops, []);
  stage.clock.pass(1);
  stage.heads["c"] = 1;
  stage.answerWatch();
  assert.deepEqual(log.seqs, [1]);
});

test("a handler that throws is reported and costs no event", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  const { onEvents } = log;
  log.onEvents = () => {
    throw new Error("broken page");
  };
  stage.post("c");
  log.onEvents = onEvents;
  stage.post("c");
  assert.deepEqual(log.seqs, [2]);
  assert.match(String(stage.faults[0]), /broken page/);
});

test("typing ends by itself, on the message, and with the connection", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  const by = { role: "visitor", id: "v_1", name: "Vera" };
  const typing = { sig: "typing", conversation: "c", by, data: { active: true } };

  stage.socket.receive(typing);
  stage.clock.pass(5_999);
  assert.deepEqual(log.typing, [true]);
  stage.clock.pass(1);
  assert.deepEqual(log.typing, [true, false]);

  stage.socket.receive(typing);
  stage.post("c");
  assert.deepEqual(log.typing, [true, false, true, false]);

  stage.socket.receive(typing);
  stage.socket.drop();
  assert.deepEqual(log.typing, [true, false, true, false, true, false]);
});
