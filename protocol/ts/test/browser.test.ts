import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, test } from "node:test";
import { Stage } from "./stage";

const page = globalThis as any;

beforeEach(() => {
  page.window = new EventTarget();
  page.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
});

afterEach(() => {
  delete page.window;
  delete page.document;
});

test("a page that is seen again looks at once whether the line is alive; a hidden one does not", () => {
  const stage = Stage.live();
  stage.clock.sleep(20_000);
  page.document.visibilityState = "hidden";
  page.document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(stage.socket.ops, []);
  page.document.visibilityState = "visible";
  page.document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(stage.socket.ops, ["ping"]);
});

test("a browser that goes offline says so at once, and online connects at once", () => {
  const stage = Stage.live();
  page.window.dispatchEvent(new Event("offline"));
  assert.equal(stage.client.state, "offline");
  page.window.dispatchEvent(new Event("online"));
  assert.equal(stage.client.state, "connecting");
});

test("a stopped client no longer listens", () => {
  const stage = Stage.live();
  assert.equal(getEventListeners(page.window, "online").length, 1);
  stage.client.stop();
  assert.equal(getEventListeners(page.window, "online").length, 0);
});
