import type { Clock } from "./clock";
import { failure, lost, type Failure } from "./error";
import { kindOf, parse } from "./frame";
import type { HelloOk } from "./operations";
import type { End } from "./reconnect";
import type { WebSocketLike } from "./socket";
import { CLOSE_CODES, type ErrFrame, type EventFrame, type HelloArgs, type OkFrame, type SignalFrame } from "./wire";

/** The server allows 10 s from the accepted TCP connection to `hello`; the rest is for the way there. */
const GREETED_WITHIN_MS = 15_000;
/** The server promises an answer within 10 s. */
const ANSWER_WITHIN_MS = 15_000;
const PONG_WITHIN_MS = 10_000;
const HEARTBEATS_MISSED_MAX = 2.5;
const HEARTBEAT_DEFAULT_MS = 25_000;
/** A frame this young proves that the line is alive. */
const PROOF_OF_LIFE_MS = 1_000;

export type Reply = { ok: any; err?: undefined } | { ok?: undefined; err: Failure };
export type Answered = (reply: Reply) => void;

export interface ConnectionOwner {
  readonly clock: Clock;
  hello(): HelloArgs;
  greeted(hello: HelloOk): void;
  event(frame: EventFrame): void;
  signal(frame: SignalFrame): void;
  fault(error: unknown): void;
  ended(end: End, livedMs: number): void;
}

interface Question {
  answered: Answered;
  due: number;
}

/**
 * One socket from its opening to its end, which is told once. Answers come through callbacks, not
 * promises: a frame must be dealt with before the next one is read.
 */
export class Connection {
  greeted = false;
  private readonly socket: WebSocketLike;
  private readonly owner: ConnectionOwner;
  private readonly questions = new Map<number, Question>();
  private waiting: (() => void)[] = [];
  private lastId = 0;
  private ended = false;
  private pinging = false;
  private heardAt: number;
  private greetedAt = 0;
  private quietMaxMs = GREETED_WITHIN_MS;
  private frameBytesMax = Infinity;
  private watchdog: unknown;

  constructor(socket: WebSocketLike, owner: ConnectionOwner) {
    this.socket = socket;
    this.owner = owner;
    this.heardAt = owner.clock.now();
    socket.onopen = () => this.put("hello", owner.hello(), (reply) => this.helloAnswered(reply));
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = ({ code }) => this.end({ code });
    // The close that follows says all there is to know.
    socket.onerror = () => {};
    this.arm();
  }

  /** Asks once greeted; answers `connection_lost` when the connection ends before the answer. */
  ask(op: string, args: object, answered: Answered): void {
    if (this.ended) answered({ err: lost() });
    else if (this.greeted) this.put(op, args, answered);
    else this.waiting.push(() => this.ask(op, args, answered));
  }

  /** Finds out now whether the other side is still there: after sleep a socket may look open and be dead. */
  probe(): void {
    this.check();
    const silentMs = this.owner.clock.now() - this.heardAt;
    if (this.greeted && !this.ended && silentMs > PROOF_OF_LIFE_MS) this.ping();
  }

  end(end: End): void {
    if (this.ended) return;
    this.ended = true;
    const { clock } = this.owner;
    clock.clearTimeout(this.watchdog);
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    for (const { answered } of this.questions.values()) answered({ err: lost() });
    this.questions.clear();
    for (const ask of this.waiting) ask();
    this.owner.ended(end, this.greeted ? clock.now() - this.greetedAt : 0);
  }

  private put(op: string, args: object, answered: Answered, withinMs = ANSWER_WITHIN_MS): void {
    const id = ++this.lastId;
    const frame = JSON.stringify({ id, op, args }, wellFormed);
    // Sent, it would cost the connection (1009), and again after every reconnect.
    if (new TextEncoder().encode(frame).length > this.frameBytesMax) {
      return answered({ err: failure("too_large", "The message is too large.") });
    }
    this.questions.set(id, { answered, due: this.owner.clock.now() + withinMs });
    this.socket.send(frame);
    this.arm();
  }

  private helloAnswered({ ok, err }: Reply): void {
    if (err) return this.end({ code: 0, refusal: err });
    const hello: HelloOk = ok;
    this.greeted = true;
    this.greetedAt = this.owner.clock.now();
    this.quietMaxMs = (hello.heartbeat_ms || HEARTBEAT_DEFAULT_MS) * HEARTBEATS_MISSED_MAX;
    this.frameBytesMax = hello.limits?.frame_max || Infinity;
    this.owner.greeted(hello);
    const { waiting } = this;
    this.waiting = [];
    for (const ask of waiting) ask();
    this.arm();
  }

  private receive(data: unknown): void {
    this.heardAt = this.owner.clock.now();
    const frame = parse(data);
    const kind = kindOf(frame);
    // Empty `data` may be left out on the wire; nobody behind this line needs to know.
    if (kind === "event" || kind === "signal") frame.data ??= {};
    switch (kind) {
      case "answer":
        return this.answer(frame);
      case "event":
        return this.owner.event(frame);
      case "signal":
        return this.owner.signal(frame);
      case "bye":
        return this.end({ code: 0, bye: frame.bye });
      case "broken":
        // It may have been an event: only a resume can tell.
        this.owner.fault(new Error("The server sent something that is not a frame."));
        return this.end({ code: CLOSE_CODES.BadFrames });
    }
  }

  private answer(frame: OkFrame | ErrFrame): void {
    const question = this.questions.get(frame.re as number);
    if (question) {
      this.questions.delete(frame.re as number);
      question.answered(frame as Reply);
    } else if ("err" in frame) {
      this.owner.fault(new Error(`${frame.err.code}: ${frame.err.message}`));
    }
  }

  private ping(): void {
    if (this.pinging) return;
    this.pinging = true;
    this.put("ping", {}, () => (this.pinging = false), PONG_WITHIN_MS);
  }

  /** Judged by the clock and not by the timer, which stands still while the machine sleeps. */
  private check(): void {
    if (this.ended) return;
    const now = this.owner.clock.now();
    const silentMs = now - this.heardAt;
    const isOverdue = [...this.questions.values()].some(({ due }) => due <= now);
    const hopelessMs = this.quietMaxMs + (this.greeted ? PONG_WITHIN_MS : 0);
    if (isOverdue || silentMs >= hopelessMs) this.end({ code: 0 });
    else if (silentMs >= this.quietMaxMs && !this.pinging) this.ping();
    else this.arm();
  }

  private arm(): void {
    const { clock } = this.owner;
    if (this.ended) return;
    let due = this.pinging ? Infinity : this.heardAt + this.quietMaxMs;
    for (const question of this.questions.values()) due = Math.min(due, question.due);
    clock.clearTimeout(this.watchdog);
    // Never longer than one silence: the wall clock may be set back.
    const waitMs = Math.min(Math.max(due - clock.now(), 0), this.quietMaxMs);
    this.watchdog = clock.setTimeout(() => this.check(), waitMs);
  }
}

/** Half a surrogate pair is no character: no server could store it, and a frame with one does not parse. */
function wellFormed(_name: string, value: any): unknown {
  return value?.replace?.(/\p{Cs}/gu, "\ufffd") ?? value;
}
