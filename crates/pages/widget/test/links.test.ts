import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf } from "../src/links";

const linksIn = (text: string) => partsOf(text).flatMap(({ target }) => target ?? []);

test("the parts together are the text, to the letter", () => {
  const text = "See https://a.test/x, (https://b.test/y(z)) and\nhttps://c.test.";
  assert.equal(partsOf(text).map((part) => part.text).join(""), text);
});

test("the sentence's punctuation is not part of the address", () => {
  assert.deepEqual(linksIn("See https://a.test/x, or (https://b.test/y)."), ["https://a.test/x", "https://b.test/y"]);
});

test("a bracket that was opened in the address belongs to it", () => {
  assert.deepEqual(linksIn("https://a.test/wiki/Tent_(shelter)"), ["https://a.test/wiki/Tent_(shelter)"]);
});

test("only http and https become links", () => {
  assert.deepEqual(linksIn("javascript:alert(1) data:text/html,x ftp://a.test mailto:a@b.test"), []);
});

test("an address that does not parse stays text", () => {
  assert.deepEqual(linksIn("https:// http://[ https://%00.test"), []);
});

test("a name before the @ stays text, for it dresses up a foreign host", () => {
  assert.deepEqual(linksIn("https://bank.test@evil.test/ https://a:b@evil.test"), []);
});

test("markup around an address is not in it", () => {
  assert.deepEqual(linksIn('<a href="https://a.test/">x</a>'), ["https://a.test/"]);
});
