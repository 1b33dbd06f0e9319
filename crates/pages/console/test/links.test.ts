import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf } from "../src/conversation/links";

const links = (text: string) => piecesOf(text).flatMap((piece) => ("href" in piece ? [piece.href] : []));

test("pieces put together are the text again, whatever it is", () => {
  for (const text of ["", "plain", "a https://b.example c", "http://", "https://x.example.", "<b>https://x.example</b>", "\u202ehttps://x.example"]) {
    assert.equal(piecesOf(text).map((piece) => piece.text).join(""), text);
  }
});

test("only http and https become links", () => {
  assert.deepEqual(links("javascript:alert(1) data:text/html,x ftp://x.example mailto:a@b.example //x.example"), []);
  assert.deepEqual(links("HTTPS://X.example and http://y.example/a?b=c#d"), ["https://x.example/", "http://y.example/a?b=c#d"]);
});

test("an address with a user name is not a link: it misleads about the host", () => {
  assert.deepEqual(links("https://bank.example@evil.example/ https://u:p@evil.example"), []);
});

test("the sentence keeps its full stop and its brackets", () => {
  assert.deepEqual(links("(see https://x.example/a). Or https://x.example/b_(c), really!"), [
    "https://x.example/a",
    "https://x.example/b_(c)",
  ]);
});

test("markup around an address ends it", () => {
  assert.deepEqual(links('<a href="https://x.example/">click</a>'), ["https://x.example/"]);
});
