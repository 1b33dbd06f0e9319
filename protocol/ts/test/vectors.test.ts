import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { kindOf } from "../src/frame";
import type { Command, Query } from "../src/operations";
import { Stage } from "./stage";

interface Vector {
  name: string;
  direction: "client" | "server";
  valid: boolean;
  json?: any;
  msgpack_hex?: string;
}

const folder = join(process.env["FRONTDESK_TS"] ?? "", "../vectors");
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name): Vector => JSON.parse(readFileSync(join(folder, name), "utf8")));

/** Exhaustive on purpose: a new operation does not compile until it is known to be a command or not. */
const COMMANDS: Record<Command, true> = {
  "conversation.start": true,
  "message.send": true,
  "note.add": true,
  "conversation.claim": true,
  "conversation.unclaim": true,
  "conversation.close": true,
  bulk: true,
};
const QUERIES: Record<Query, true> = {
  ping: true,
  "conversation.watch": true,
  "conversation.unwatch": true,
  history: true,
  typing: true,
  "inbox.list": true,
  "inbox.watch": true,
};

test("there are vectors for every operation", () => {
  const ops = new Set(vectors.filter(({ direction, valid }) => direction === "client" && valid).map(({ json }) => json.op));
  assert.deepEqual([...Object.keys({ ...COMMANDS, ...QUERIES, hello: true })].filter((op) => !ops.has(op)), []);
});

for (const vector of vectors.filter(({ valid }) => valid)) {
  const { direction, name, json, msgpack_hex } = vector;

  test(`${name}: both codecs carry the same`, () => {
    assert.deepEqual(decode(Buffer.from(msgpack_hex!, "hex")), json);
  });

  if (direction === "server") {
    test(`${name}: the client knows what kind of frame this is`, () => {
      assert.equal(kindOf(json), expectedKind(json));
    });
  } else {
    test(`${name}: the client says it in these words`, () => {
      const args = json.args ?? {};
      if (json.op === "hello") assert.deepEqual(saidHello(args), spelledOut(args));
      else assert.deepEqual(said(json.op, args), args);
    });
  }
}

function expectedKind(frame: object): string {
  for (const [part, kind] of [["ok", "answer"], ["err", "answer"], ["ev", "event"], ["sig", "signal"], ["bye", "bye"]] as const) {
    if (part in frame) return kind;
  }
  return "unknown";
}

function said(op: string, { key, ...args }: any): unknown {
  const stage = Stage.live();
  if (op in COMMANDS) void stage.client.command(op as Command, args, key);
  else if (op in QUERIES) stage.client.ask(op as Query, { ...args, ...(key && { key }) }).catch(() => {});
  else assert.fail(`the client does not know ${op}`);
  return stage.socket.take(op).args;
}

/** What may be left out in a hello and is said by this client all the same, or the other way round. */
function spelledOut({ watch = [], ...args }: any): unknown {
  const from = watch.map((item: object) => ({ after: 0, ...item }));
  return { ...args, ...(from.length > 0 && { watch: from }) };
}

function saidHello({ token, watch = [], ...hello }: any): unknown {
  const stage = new Stage({ token: () => token, hello: () => hello });
  for (const { conversation, after } of watch) stage.watch(conversation, after);
  stage.client.start();
  stage.socket.open();
  return stage.socket.take("hello").args;
}
