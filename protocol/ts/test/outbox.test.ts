import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../src/error";
import type { Settled } from "../src/options";
import { storedOutbox } from "../src/outbox";
import { event, Stage } from "./stage";

const send = (stage: Stage, text: string, conversation = "c") => stage.client.command("message.send", { conversation, text });

test("a command is answered with the first answer, whichever of ok and event comes first", async () => {
  for (const isEventFirst of [true, false]) {
    const stage = Stage.live();
    const log = stage.watch("c");
    stage.answerWatch();
    const sent = send(stage, "hi");
    const { id, args } = stage.socket.take("message.send");
    const ok = () => stage.socket.receive({ re: id, ok: { seq: 1, at: 5 } });
    const ev = () => stage.socket.receive(event("c", 1, { data: { text: "hi", key: args.key } }));
    for (const arrive of isEventFirst ? [ev, ok] : [ok, ev]) arrive();
    assert.deepEqual(await sent, { seq: 1, at: 5 });
    assert.deepEqual(log.seqs, [1]);
    assert.deepEqual(stage.client.unconfirmed, []);
  }
});

test("what was not answered goes out again with the same key, and counts as behind until it is", async () => {
  const stage = Stage.live();
  const sent = send(stage, "hi");
  const { key } = stage.socket.take("message.send").args;
  assert.equal(stage.client.state, "live");
  stage.reconnect();
  assert.equal(stage.client.state, "behind");
  const again = stage.socket.ok("message.send", { seq: 1, at: 5 });
  assert.equal(again.args.key, key);
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.equal((await sent).seq, 1);
  assert.equal(stage.client.state, "live");
});

test("commands given without a connection wait for one", async () => {
  const stage = new Stage();
  const sent = send(stage, "hi");
  stage.client.start();
  stage.socket.open();
  assert.deepEqual(stage.socket.ops, ["hello"]);
  stage.greet();
  stage.socket.ok("message.send", { seq: 2, at: 5 });
  assert.equal((await sent).seq, 2);
});

test("in one conversation no command overtakes another; conversations do not wait for each other", async () => {
  const stage = Stage.live();
  const first = send(stage, "first");
  const second = send(stage, "second");
  void send(stage, "elsewhere", "d");
  assert.deepEqual(stage.socket.asked.map(({ args }) => args.text), ["first", "elsewhere"]);
  stage.socket.err("message.send", "rate_limited", "retry", { retry_after_ms: 1_000 });
  assert.deepEqual(stage.socket.asked.map(({ args }) => args.text), ["elsewhere"]);
  stage.clock.pass(1_000);
  stage.socket.take("message.send");
  stage.socket.ok("message.send", { seq: 1, at: 1 });
  await first;
  assert.equal(stage.socket.ok("message.send", { seq: 2, at: 2 }).args.text, "second");
  await second;
});

test("a bulk stands in the queue of each of its conversations", () => {
  const stage = Stage.live();
  void send(stage, "before", "a");
  void stage.client.command("bulk", { action: "close", conversations: ["a", "b"] });
  void send(stage, "after", "b");
  assert.deepEqual(stage.socket.ops, ["message.send"]);
  stage.socket.ok("message.send", { seq: 1, at: 1 });
  assert.deepEqual(stage.socket.ops, ["bulk"]);
  stage.socket.ok("bulk", { results: [] });
  assert.deepEqual(stage.socket.ops, ["message.send"]);
});

test("told to retry, the same frame goes out after that time and the state admits it", async () => {
  const stage = Stage.live();
  const sent = send(stage, "hi");
  const first = stage.socket.err("message.send", "unavailable", "retry", { retry_after_ms: 2_000 });
  assert.equal(stage.client.state, "behind");
  stage.clock.pass(1_999);
  assert.deepEqual(stage.socket.ops, []);
  stage.clock.pass(1);
  const second = stage.socket.ok("message.send", { seq: 1, at: 1 });
  assert.deepEqual(second.args, first.args);
  await sent;
  assert.equal(stage.client.state, "live");
});

test("retries without a time given slow down", () => {
  const stage = Stage.live();
  void send(stage, "hi");
  for (let tries = 0; tries < 12; tries++) {
    stage.socket.err("message.send", "unavailable", "retry");
    stage.clock.pass(15_250);
  }
  stage.socket.err("message.send", "unavailable", "retry");
  stage.clock.pass(15_000);
  assert.deepEqual(stage.socket.ops, []);
});

test("a refusal ends the command and says everything the server said", async () => {
  const stage = Stage.live();
  const settled: Settled[] = [];
  stage.client.on("settled", (how) => settled.push(how));
  const claim = stage.client.command("conversation.claim", { conversation: "c" });
  const owner = { id: "a_2", name: "Bob" };
  stage.socket.err("conversation.claim", "already_claimed", "give_up", { detail: { owner } });
  await assert.rejects(claim, (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.code, error.remedy, error.detail.owner], ["already_claimed", "give_up", owner]);
    return true;
  });
  assert.deepEqual(stage.client.unconfirmed, []);
  assert.equal(settled[0]?.error?.code, "already_claimed");
  assert.equal(stage.client.state, "live");
});

test("a conflict is for the caller to decide, with what is new", async () => {
  const stage = Stage.live();
  const close = stage.client.command("conversation.close", { conversation: "c", expected_seq: 4 });
  stage.socket.err("conversation.close", "conflict", "resync", { detail: { head: 5, events: [event("c", 5)] } });
  await assert.rejects(close, (error) => error instanceof ApiError && error.detail.head === 5);
});

test("unauthorized in the middle asks who we are again and keeps the command", () => {
  const stage = Stage.live();
  void send(stage, "hi");
  const { key } = stage.socket.err("message.send", "unauthorized", "reconnect").args;
  assert.ok(stage.socket.closed);
  stage.clock.pass(500);
  stage.greet();
  assert.equal(stage.socket.take("message.send").args.key, key);
});

test("the same key is the same command", async () => {
  const stage = Stage.live();
  const args = { conversation: "c", text: "hi" };
  const [one, two] = [stage.client.command("message.send", args, "k"), stage.client.command("message.send", args, "k")];
  assert.deepEqual(stage.socket.ops, ["message.send"]);
  stage.socket.ok("message.send", { seq: 1, at: 1 });
  assert.deepEqual(await one, await two);
});

test("too large a command is refused here: sent, it would cost the connection again and again", async () => {
  const stage = Stage.live();
  await assert.rejects(send(stage, "é".repeat(33_000)), { code: "too_large" });
  assert.deepEqual(stage.socket.ops, []);
});

test("the outbox survives a reload", async () => {
  const storage = fakeStorage();
  const before = Stage.live({ outboxStorage: storedOutbox(storage, "outbox") });
  void before.client.command("conversation.start", { text: "help" }, "k1");
  before.socket.take("conversation.start");

  const after = new Stage({ outboxStorage: storedOutbox(storage, "outbox") });
  const settled: Settled[] = [];
  after.client.on("settled", (how) => settled.push(how));
  assert.deepEqual(after.client.unconfirmed.map(({ key }) => key), ["k1"]);
  after.client.start();
  after.greet();
  assert.equal(after.client.state, "behind");
  const { args } = after.socket.ok("conversation.start", { conversation: { id: "c" }, seq: 2 });
  assert.deepEqual(args, { text: "help", key: "k1" });
  assert.deepEqual(settled[0]?.ok, { conversation: { id: "c" }, seq: 2 });
  assert.equal(storage.getItem("outbox"), "[]");
});

test("a text with half a character, kept over a reload, goes out whole and is answered", () => {
  const storage = fakeStorage();
  const before = Stage.live({ outboxStorage: storedOutbox(storage, "outbox") });
  void send(before, "torn \ud83d");
  const after = Stage.live({ outboxStorage: storedOutbox(storage, "outbox") });
  assert.equal(after.socket.ok("message.send", { seq: 1, at: 1 }).args.text, "torn \ufffd");
  assert.deepEqual([after.client.unconfirmed, after.client.state], [[], "live"]);
});

test("what one visitor wrote is never sent as another", async () => {
  const storage = fakeStorage();
  const before = Stage.live({ outboxStorage: storedOutbox(storage, "outbox") });
  void send(before, "private");
  const after = new Stage({ outboxStorage: storedOutbox(storage, "outbox") });
  before.reconnect();
  const reloaded = new Stage({ outboxStorage: storedOutbox(storage, "outbox") });
  reloaded.self = { role: "visitor", id: "v_other", name: "" };
  const settled: Settled[] = [];
  reloaded.client.on("settled", (how) => settled.push(how));
  reloaded.client.start();
  reloaded.greet();
  assert.deepEqual(reloaded.socket.ops, []);
  assert.equal(settled[0]?.error?.code, "unauthorized");
  assert.equal(after.client.unconfirmed.length, 1);
});

test("a storage that is full or holds junk is reported and costs no command", async () => {
  const storage = fakeStorage();
  storage.setItem("outbox", '[null, {"op": 7}, 3]');
  const stage = Stage.live({
    outboxStorage: {
      load: storedOutbox(storage, "outbox").load,
      save: () => {
        throw new Error("quota");
      },
    },
  });
  const sent = send(stage, "hi");
  stage.socket.ok("message.send", { seq: 1, at: 1 });
  await sent;
  assert.match(String(stage.faults[0]), /quota/);
});

function fakeStorage() {
  const values = new Map<string, string>();
  return {
    getItem: (name: string) => values.get(name) ?? null,
    setItem: (name: string, value: string) => void values.set(name, value),
  };
}
