import assert from "node:assert/strict";
import { test } from "node:test";
import { watchInbox } from "../src/inbox";
import type { Summary } from "../src/wire";
import { Stage, summary } from "./stage";

const COUNTS = { open: 1, mine: 0, unassigned: 1 };

test("the inbox is watched again after a reconnect, and the list is to be loaded anew", () => {
  const { stage, told } = watching();
  stage.socket.ok("inbox.watch", { counts: COUNTS });
  assert.equal(stage.client.state, "live");
  stage.reconnect();
  assert.equal(stage.client.state, "behind");
  stage.socket.ok("inbox.watch", { counts: COUNTS });
  assert.deepEqual(told, ["reload", "reload"]);
  assert.equal(stage.client.state, "live");
});

test("of two states of a row the higher number wins, of equals the later", () => {
  const { stage, told } = watching();
  stage.socket.ok("inbox.watch", { counts: COUNTS });
  const row = (seq: number, online: boolean) => ({ ...summary("c", seq), visitor: { id: "v", name: "", online } });
  for (const data of [row(5, true), row(4, true), row(5, false)]) {
    stage.socket.receive({ sig: "inbox.row", conversation: "c", data });
  }
  assert.deepEqual(told, ["reload", "c 5 true", "c 5 false"]);
});

test("a list that is older than a row already told does not bring it back", () => {
  const { stage, inbox } = watching();
  stage.socket.ok("inbox.watch", { counts: COUNTS });
  stage.socket.receive({ sig: "inbox.row", conversation: "c", data: summary("c", 5) });
  const merged = inbox.merge([summary("c", 4), summary("d", 1)]);
  assert.deepEqual(merged.map(({ id, seq }) => [id, seq]), [["c", 5], ["d", 1]]);
});

test("after a reconnect the server's word counts, even if its numbers are lower", () => {
  const { stage, inbox } = watching();
  stage.socket.ok("inbox.watch", { counts: COUNTS });
  inbox.merge([summary("c", 9)]);
  stage.reconnect();
  assert.equal(inbox.merge([summary("c", 3)])[0]?.seq, 3);
});

test("counts are told, a closed watch is switched off", () => {
  const { stage, told, inbox } = watching();
  stage.socket.ok("inbox.watch", { counts: COUNTS });
  stage.socket.receive({ sig: "inbox.counts", data: COUNTS });
  inbox.close();
  assert.deepEqual(stage.socket.take("inbox.watch").args, { on: false });
  stage.socket.receive({ sig: "inbox.counts", data: COUNTS });
  assert.deepEqual(told, ["reload", "counts"]);
});

function watching() {
  const stage = Stage.live();
  const told: string[] = [];
  const inbox = watchInbox(stage.client, {
    onReload: () => told.push("reload"),
    onRow: ({ id, seq, visitor }: Summary) => told.push(`${id} ${seq} ${visitor.online}`),
    onCounts: () => told.push("counts"),
  });
  return { stage, told, inbox };
}
