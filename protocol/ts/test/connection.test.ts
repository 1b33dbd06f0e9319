import assert from "node:assert/strict";
import { test } from "node:test";
import { afterEnd, backoffMs } from "../src/reconnect";
import { Stage, upTo } from "./stage";

test("the hello says who we are, and a token we are given comes back", () => {
  const tokens: string[] = [];
  const stage = new Stage({
    token: () => tokens.at(-1),
    onToken: (token) => tokens.push(token),
    hello: () => ({ locale: "de" }),
  });
  stage.client.start();
  assert.deepEqual(stage.greet({ token: "t1" }), { locale: "de" });
  assert.deepEqual(tokens, ["t1"]);
  assert.deepEqual(stage.reconnect(), { locale: "de", token: "t1" });
});

test("half a character is sent as the one that stands for it, a whole one as it is", () => {
  const stage = Stage.live();
  void stage.client.command("message.send", { conversation: "c", text: "a\ud83d b \ud83d\ude00" });
  assert.equal(stage.socket.take("message.send").args.text, "a\ufffd b \ud83d\ude00");
});

test("half a character in a hello does not keep us out", () => {
  const stage = new Stage({ hello: () => ({ page: { title: "Tents \ud83d" } }) });
  stage.client.start();
  assert.deepEqual(stage.greet().page, { title: "Tents \ufffd" });
});

test("a visitor whose page cannot keep a token stays the same visitor while the page lives", () => {
  const stage = new Stage();
  stage.client.start();
  stage.greet({ token: "t1" });
  assert.equal(stage.reconnect().token, "t1");
  stage.client.stop();
  stage.client.start();
  assert.equal(stage.greet().token, undefined);
});

test("the states are told as they are", () => {
  const stage = new Stage();
  for (const id of ["c", "d"]) stage.watch(id);
  stage.client.start();
  stage.greet();
  void stage.client.command("message.send", { conversation: "c", text: "hi" });
  stage.socket.ok("message.send", { seq: 1, at: 1 });
  stage.reconnect();
  stage.client.stop();
  assert.deepEqual(stage.states, ["connecting", "live", "offline", "connecting", "live", "offline"]);
});

test("a command on its way when the line is cut makes no state of its own", () => {
  const stage = Stage.live();
  void stage.client.command("message.send", { conversation: "c", text: "hi" });
  stage.socket.drop();
  assert.deepEqual(stage.states, ["connecting", "live", "offline"]);
});

test("failed attempts wait longer and longer, up to half a minute", () => {
  const waits = upTo(9).map((attempt) => backoffMs(attempt - 1, () => 1));
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(backoffMs(5, () => 0), 0);
});

test("a connection that lasted starts the waits from the shortest, a brief one does not", () => {
  const stage = Stage.live();
  for (const _ of upTo(4)) stage.reconnect();
  stage.socket.drop();
  stage.clock.pass(3_999);
  assert.equal(stage.client.state, "offline");
  stage.clock.pass(1);
  stage.greet();
  stage.clock.pass(10_000);
  stage.socket.drop();
  stage.clock.pass(250);
  assert.equal(stage.client.state, "connecting");
});

test("a bye is obeyed: come back after the time it gives", () => {
  const stage = Stage.live();
  const byes: string[] = [];
  stage.client.on("bye", ({ code }) => byes.push(code));
  stage.socket.receive({ bye: { code: "going_away", message: "", reconnect: true, retry_after_ms: 2_300 } });
  assert.ok(stage.socket.closed);
  stage.clock.pass(2_299);
  assert.equal(stage.client.state, "offline");
  stage.clock.pass(1);
  assert.equal(stage.client.state, "connecting");
  assert.deepEqual(byes, ["going_away"]);
});

test("a bye that says not to come back is obeyed too", () => {
  const stage = Stage.live();
  const refused = refusals(stage);
  stage.socket.receive({ bye: { code: "unauthorized", message: "", reconnect: false, retry_after_ms: 0 } });
  stage.clock.pass(600_000);
  assert.equal(stage.sockets.length, 1);
  assert.deepEqual(refused, ["unauthorized"]);
});

test("each close code has its consequence", () => {
  const wait = (code: number) => afterEnd({ code }, 0, () => 0.5);
  for (const code of [1001, 1006, 4408, 4429]) assert.deepEqual(wait(code), { afterMs: 250 }, `${code}`);
  for (const code of [1003, 1009, 4400]) assert.deepEqual(wait(code), { afterMs: 45_000 }, `${code}`);
  for (const code of [4401, 4403]) assert.ok(wait(code).refused, `${code}`);
});

test("a bye for our own mistakes does not bring us back at once, whatever it says", () => {
  const bye = { code: "bad_frames", message: "", reconnect: true, retry_after_ms: 10 } as const;
  assert.deepEqual(afterEnd({ code: 0, bye }, 0, () => 0.5), { afterMs: 45_000 });
});

test("a refused hello stops the client, which can start again with another token", () => {
  const stage = new Stage({ token: () => "stale" });
  const refused = refusals(stage);
  stage.client.start();
  stage.socket.open();
  stage.socket.err("hello", "unauthorized", "reconnect");
  stage.clock.pass(600_000);
  assert.deepEqual([refused, stage.sockets.length, stage.client.state], [["unauthorized"], 1, "offline"]);
  stage.client.start();
  stage.greet();
  assert.equal(stage.client.state, "live");
});

test("a hello that is told to wait is said again after that time", () => {
  const stage = new Stage();
  stage.client.start();
  stage.socket.open();
  stage.socket.err("hello", "unavailable", "retry", { retry_after_ms: 900 });
  stage.clock.pass(899);
  assert.equal(stage.sockets.length, 1);
  stage.clock.pass(1);
  stage.greet();
  assert.equal(stage.client.state, "live");
});

test("silence is answered with a ping, and a ping without an answer with a new connection", () => {
  const stage = Stage.live();
  stage.clock.pass(62_499);
  assert.deepEqual(stage.socket.ops, []);
  stage.clock.pass(1);
  stage.socket.ok("ping", { at: 1 });
  stage.clock.pass(62_500);
  assert.deepEqual(stage.socket.ops, ["ping"]);
  stage.clock.pass(9_999);
  assert.equal(stage.client.state, "live");
  stage.clock.pass(1);
  assert.equal(stage.client.state, "offline");
  assert.ok(stage.socket.closed);
  stage.clock.pass(250);
  assert.equal(stage.sockets.length, 2);
});

test("after a long sleep the first look drops the dead socket without waiting for a pong", () => {
  const stage = Stage.live();
  stage.clock.sleep(3_600_000);
  stage.client.wake();
  assert.equal(stage.client.state, "offline");
  stage.clock.pass(250);
  stage.greet();
  assert.equal(stage.client.state, "live");
});

test("after a short absence the first look pings, and a dead socket is gone within ten seconds", () => {
  const stage = Stage.live();
  stage.clock.sleep(30_000);
  stage.client.wake();
  stage.client.wake();
  assert.deepEqual(stage.socket.ops, ["ping"]);
  stage.clock.pass(10_000);
  assert.equal(stage.client.state, "offline");
});

test("waking while waiting tries at once", () => {
  const stage = Stage.live();
  stage.socket.receive({ bye: { code: "going_away", message: "", reconnect: true, retry_after_ms: 60_000 } });
  stage.client.wake();
  stage.client.wake();
  assert.equal(stage.sockets.length, 2);
  stage.greet();
  stage.clock.pass(60_000);
  assert.equal(stage.sockets.length, 2);
});

test("a question without an answer is a dead line, even while events still come", async () => {
  const stage = Stage.live();
  const listed = stage.client.ask("inbox.list", {});
  for (const _ of upTo(15)) {
    stage.clock.pass(1_000);
    stage.socket.receive({ sig: "presence", data: { online: true } });
  }
  await assert.rejects(listed, { code: "connection_lost" });
  assert.equal(stage.client.state, "offline");
});

test("a socket that never opens is given up", () => {
  const stage = new Stage();
  stage.client.start();
  stage.clock.pass(15_000);
  assert.ok(stage.sockets[0]?.closed);
  stage.clock.pass(250);
  assert.equal(stage.sockets.length, 2);
});

test("a question asked while connecting waits for the greeting; without a connection it fails at once", async () => {
  const stage = new Stage();
  await assert.rejects(stage.client.ask("ping", {}), { code: "connection_lost" });
  stage.client.start();
  const asked = stage.client.ask("ping", {});
  stage.greet();
  stage.socket.ok("ping", { at: 7 });
  assert.deepEqual(await asked, { at: 7 });
});

test("what a dropped socket still says is not heard", () => {
  const stage = Stage.live();
  const log = stage.watch("c");
  stage.answerWatch();
  const old = stage.socket;
  stage.reconnect();
  old.receive({ ev: "message.posted", conversation: "c", seq: 1, at: 1, by: {}, data: {} });
  old.drop();
  assert.deepEqual(log.seqs, []);
  assert.equal(stage.client.state, "live");
});

test("what is new is ignored, what is broken ends the connection, and neither passes in silence", () => {
  const stage = Stage.live();
  stage.socket.receive({ hint: "from the future" });
  stage.socket.receive({ sig: "from.the.future" });
  assert.deepEqual([stage.client.state, stage.faults], ["live", []]);
  stage.socket.receive({ re: null, err: { code: "bad_request", message: "no id", remedy: "give_up" } });
  assert.match(String(stage.faults[0]), /bad_request: no id/);
  stage.socket.onmessage?.({ data: "{" });
  assert.equal(stage.client.state, "offline");
  assert.equal(stage.faults.length, 2);
});

test("an address that no socket takes is reported and tried again", () => {
  let tries = 0;
  const stage = new Stage({
    webSocket: () => {
      tries++;
      throw new SyntaxError("bad address");
    },
  });
  stage.client.start();
  assert.equal(stage.client.state, "offline");
  stage.clock.pass(60_000);
  assert.ok(tries > 1 && tries < 12, `${tries}`);
  assert.match(String(stage.faults[0]), /bad address/);
});

function refusals(stage: Stage): string[] {
  const codes: string[] = [];
  stage.client.on("refused", ({ code }) => codes.push(code));
  return codes;
}
