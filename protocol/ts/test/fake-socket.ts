import assert from "node:assert/strict";
import type { WebSocketLike } from "../src/socket";

export interface Asked {
  id: number;
  op: string;
  args: any;
}

/** The client's end of a socket, with the test playing the server. */
export class FakeSocket implements WebSocketLike {
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  /** By the client. */
  closed = false;
  /** Everything the client sent and nobody took yet. */
  readonly asked: Asked[] = [];

  send(data: string): void {
    this.asked.push(JSON.parse(data));
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.({});
  }

  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  drop(code = 1006): void {
    this.onclose?.({ code });
  }

  get ops(): string[] {
    return this.asked.map(({ op }) => op);
  }

  /** The oldest untaken question of this kind. */
  take(op: string): Asked {
    const place = this.asked.findIndex((asked) => asked.op === op);
    assert.notEqual(place, -1, `no ${op} among: ${this.ops.join(", ") || "nothing"}`);
    return this.asked.splice(place, 1)[0]!;
  }

  ok(op: string, ok: object): Asked {
    const asked = this.take(op);
    this.receive({ re: asked.id, ok });
    return asked;
  }

  err(op: string, code: string, remedy: string, more: object = {}): Asked {
    const asked = this.take(op);
    this.receive({ re: asked.id, err: { code, message: code, remedy, detail: {}, retry_after_ms: 0, ...more } });
    return asked;
  }
}
