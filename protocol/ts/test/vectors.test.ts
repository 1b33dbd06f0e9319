import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { kindOf, parse } from "../src/frame";
import type { Command, Query } from "../src/operations";
import { ERROR_CODES } from "../src/wire";
import { Stage } from "./stage";

interface Vector {
  name: string;
  direction: "client" | "server";
  valid: boolean;
  /** `bad_data`: the frame is one, but what it says of its event or signal is not. */
  expect?: string;
  json?: any;
  /** What is no JSON value, as the bytes stand. */
  json_text?: string;
  msgpack_hex?: string;
}

const folder = join(process.env["FRONTDESK_TS"] ?? "", "../vectors");
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name): Vector[] => JSON.parse(readFileSync(join(folder, name), "utf8")));

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

test("our table of error codes is the server's, remedies included", () => {
  const errors = vectors.filter(({ direction, valid, json }) => direction === "server" && valid && "err" in json);
  const told = Object.fromEntries(errors.map(({ json: { err } }) => [err.code, err.remedy]));
  assert.deepEqual(told, ERROR_CODES);
});

for (const { name, direction, valid, expect, json, json_text, msgpack_hex } of vectors) {
  if (json !== undefined && msgpack_hex !== undefined) {
    test(`${direction}, ${name}: both codecs carry the same`, () => {
      assert.deepEqual(decode(Buffer.from(msgpack_hex, "hex")), json);
    });
  }
  if (direction === "server" && valid) {
    test(`server, ${name}: the client knows what kind of frame this is`, () => {
      assert.equal(kindOf(json), expectedKind(json));
    });
  }
  if (direction === "server" && !valid && (json !== undefined || json_text !== undefined)) {
    // The client looks no deeper than it relies on: a page that stumbles over bad data is reported as a fault.
    test(`server, ${name}: the client does not take it for a frame`, () => {
      const kind = kindOf(parse(json_text ?? JSON.stringify(json)));
      assert.equal(kind, expect === "bad_data" ? expectedKind(json) : "broken");
    });
  }
  if (direction === "client" && valid) {
    test(`client, ${name}: the client says it in these words`, () => {
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
