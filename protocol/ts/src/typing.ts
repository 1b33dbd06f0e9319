import type { Line } from "./line";
import { LIMITS, type By } from "./wire";

/** Somebody else is typing: ends by itself, because the signal that ends it may be lost. */
export class TypingView {
  private readonly line: Line;
  private readonly onChange: (active: boolean, by: By | undefined) => void;
  private by: By | undefined;
  private active = false;
  private timer: unknown;

  constructor(line: Line, onChange: (active: boolean, by: By | undefined) => void) {
    this.line = line;
    this.onChange = onChange;
  }

  show(active: boolean, by: By | undefined): void {
    if (!active) return this.end();
    this.by = by;
    this.line.clock.clearTimeout(this.timer);
    this.timer = this.line.clock.setTimeout(() => this.end(), LIMITS.typing_ends_after_ms);
    this.set(true);
  }

  end(): void {
    this.line.clock.clearTimeout(this.timer);
    this.set(false);
  }

  endFor(author: By): void {
    if (author.role === this.by?.role) this.end();
  }

  private set(active: boolean): void {
    if (active === this.active) return;
    this.active = active;
    this.line.tell(() => this.onChange(active, this.by));
  }
}

/** Under the 6 s after which the other side gives up on us. */
const REPEAT_AFTER_MS = 3_000;
const IDLE_AFTER_MS = 4_000;

/** Tells the other side that we are typing, without telling it at every key. Not for notes. */
export class TypingNotice {
  private readonly line: Line;
  private readonly conversation: string;
  private toldAt: number | undefined;
  private timer: unknown;

  constructor(client: { readonly line: Line }, conversation: string) {
    this.line = client.line;
    this.conversation = conversation;
  }

  /** The text has changed and is not empty. */
  pressed(): void {
    const { clock } = this.line;
    clock.clearTimeout(this.timer);
    this.timer = clock.setTimeout(() => this.ended(), IDLE_AFTER_MS);
    if (this.toldAt !== undefined && clock.now() - this.toldAt < REPEAT_AFTER_MS) return;
    this.toldAt = clock.now();
    this.send(true);
  }

  /** Sent, emptied or left. */
  ended(): void {
    this.line.clock.clearTimeout(this.timer);
    if (this.toldAt === undefined) return;
    this.toldAt = undefined;
    this.send(false);
  }

  /** May be lost, and must not arrive late: without a connection it is not said at all. */
  private send(active: boolean): void {
    if (this.line.isGreeted) this.line.ask("typing", { conversation: this.conversation, active }, () => {});
  }
}
