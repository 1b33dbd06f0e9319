import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventFrame } from "@frontdesk/client";
import type { Unsent } from "../src/outbox";
import { linesOf, unreadIn, type Message } from "../src/thread";

const NOON = new Date(2026, 0, 5, 12).getTime();
const MINUTE = 60_000;
const ADA = { role: "agent", id: "a1", name: "Ada" } as const;
const VISITOR = { role: "visitor", id: "v1", name: "" } as const;

const said = (seq: number, by: EventFrame["by"], text: string, at = NOON, key?: string): EventFrame => ({
  ev: "message.posted",
  conversation: "c1",
  seq,
  at,
  by,
  data: key === undefined ? { text } : { text, key },
});

const claimed = (seq: number): EventFrame => ({
  ev: "conversation.claimed",
  conversation: "c1",
  seq,
  at: NOON,
  by: ADA,
  data: { owner: ADA },
});

const unsent = (key: string, state: Unsent["state"], at = NOON): Unsent => ({
  key,
  text: "on its way",
  at,
  conversation: "c1",
  startTried: false,
  state,
});

const messages = (events: EventFrame[], waiting: Unsent[] = []) =>
  linesOf(events, waiting).filter((line): line is Message => line.kind === "message");

test("a run by one author has one first and one last", () => {
  const run = messages([said(1, ADA, "a"), said(2, ADA, "b"), said(3, ADA, "c"), said(4, VISITOR, "d")]);
  assert.deepEqual(run.map(({ first, last }) => [first, last]), [[true, false], [false, false], [false, true], [true, true]]);
});

test("a pause of five minutes ends a run", () => {
  const run = messages([said(1, ADA, "a"), said(2, ADA, "b", NOON + 5 * MINUTE)]);
  assert.deepEqual(run.map(({ first }) => first), [true, true]);
});

test("a claim is a quiet line that names the agent, and ends a run", () => {
  const lines = linesOf([said(1, ADA, "a"), claimed(2), said(3, ADA, "b")], []);
  assert.deepEqual(lines.map(({ kind }) => kind), ["day", "message", "joined", "message"]);
  assert.equal(lines[3]?.kind === "message" && lines[3].first, true);
});

test("each day is told once", () => {
  const days = linesOf([said(1, ADA, "a"), said(2, ADA, "b", NOON + 1440 * MINUTE), said(3, ADA, "c", NOON + 1441 * MINUTE)], []);
  assert.deepEqual(days.map(({ kind }) => kind), ["day", "message", "day", "message", "message"]);
});

test("a text keeps its line from the first attempt to the event", () => {
  const [before] = messages([], [unsent("k1", "waiting")]);
  const [between] = messages([], [unsent("k1", "accepted")]);
  const after = messages([said(1, VISITOR, "on its way", NOON, "k1")], [unsent("k1", "accepted")]);
  assert.equal(after.length, 1);
  assert.deepEqual([before, between, after[0]].map((line) => line?.id), ["kk1", "kk1", "kk1"]);
  assert.deepEqual([before, between, after[0]].map((line) => line?.delivery), ["sending", "sent", "sent"]);
});

test("a text on its way stands last, whatever this device's clock says", () => {
  const lines = linesOf([said(1, ADA, "a")], [unsent("k1", "waiting", NOON - 1440 * MINUTE)]);
  assert.deepEqual(lines.map(({ kind }) => kind), ["day", "message", "message"]);
});

test("unread are the agent's messages after the last seen", () => {
  const events = [said(1, VISITOR, "a"), claimed(2), said(3, ADA, "b"), said(4, VISITOR, "c"), said(5, ADA, "d")];
  assert.equal(unreadIn(events, 0), 2);
  assert.equal(unreadIn(events, 3), 1);
});

test("an event of a newer server is no line and breaks nothing", () => {
  const news = { ...claimed(1), ev: "conversation.transferred", data: {} } as unknown as EventFrame;
  assert.deepEqual(linesOf([news], []), []);
});
