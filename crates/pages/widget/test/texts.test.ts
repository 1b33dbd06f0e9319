import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGLISH, wordsFrom } from "../src/texts";

const words = (texts: object) => wordsFrom({ ...ENGLISH, ...texts });

test("one is told from many", () => {
  assert.equal(words({})("unread", 1), "1 unread message");
  assert.equal(words({})("unread", 2), "2 unread messages");
});

test("a replaced text has its name or number put in, whatever signs the name is made of", () => {
  assert.equal(words({ joined: "{} ist da" })("joined", "Ada $& Co"), "Ada $& Co ist da");
  assert.equal(words({ unread: (count: number) => `${count} neu` })("unread", 3), "3 neu");
});
