import { Client } from "../src/client";
import type { ClientOptions, State } from "../src/options";
import type { WatchHandlers } from "../src/watch";
import type { EventFrame, Summary, Watched, WatchFrom } from "../src/wire";
import { FakeClock } from "./fake-clock";
import { FakeSocket } from "./fake-socket";

const VISITOR = { role: "visitor", id: "v_1", name: "Vera" } as const;

/** A client, a clock and a server played by the test. `heads` says how long each conversation is. */
export class Stage {
  readonly clock = new FakeClock();
  readonly sockets: FakeSocket[] = [];
  readonly heads: Record<string, number> = {};
  readonly states: State[] = [];
  readonly faults: unknown[] = [];
  readonly client: Client;
  self: object = VISITOR;

  constructor(options: Partial<ClientOptions> = {}) {
    this.client = new Client({
      url: "ws://test/v1/visitor/s_1",
      clock: this.clock,
      random: () => 0.5,
      webSocket: () => this.newSocket(),
      ...options,
    });
    this.client.on("state", (state) => this.states.push(state));
    this.client.on("fault", (error) => this.faults.push(error));
  }

  /** Started and greeted. */
  static live(options: Partial<ClientOptions> = {}): Stage {
    const stage = new Stage(options);
    stage.client.start();
    stage.greet();
    return stage;
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  /** Opens the newest socket and answers its hello; what it said is returned. */
  greet(more: object = {}): any {
    this.socket.open();
    const { args } = this.socket.ok("hello", this.helloOk(this.socket.asked.find(({ op }) => op === "hello")?.args, more));
    return args;
  }

  /** Cuts the connection and lets the client come back, up to the hello's answer. */
  reconnect(): any {
    const { length } = this.sockets;
    this.socket.drop();
    while (this.sockets.length === length) this.clock.pass(50);
    return this.greet();
  }

  watch(conversation: string, after = 0): Log {
    const log = new Log();
    log.watch = this.client.watch(conversation, log, after);
    return log;
  }

  answerWatch(): void {
    const { args } = this.socket.asked.find(({ op }) => op === "conversation.watch")!;
    this.socket.ok("conversation.watch", this.watched(args));
  }

  answerHistory(): any {
    const { args } = this.socket.asked.find(({ op }) => op === "history")!;
    const head = this.heads[args.conversation]!;
    const events = eventsBetween(args.conversation, args.after, Math.min(head, args.after + args.limit));
    this.socket.ok("history", { events, head, more: args.after + args.limit < head });
    return args;
  }

  /** The server commits one more event and tells the watching socket, unless that is `lost`. */
  post(conversation: string, { lost = false } = {}): void {
    const seq = (this.heads[conversation] = (this.heads[conversation] ?? 0) + 1);
    if (!lost) this.socket.receive(event(conversation, seq));
  }

  watched({ conversation, after }: WatchFrom): Watched {
    const head = this.heads[conversation] ?? 0;
    const reset = after > head;
    const from = reset ? 0 : after;
    const last = Math.min(head, from + 200);
    const events = eventsBetween(conversation, from, last);
    return { conversation: summary(conversation, head), events, head, more: last < head, reset };
  }

  private helloOk(args: any, more: object): object {
    return {
      protocol: 1,
      node: "n1",
      session: "1",
      self: this.self,
      online: true,
      heartbeat_ms: 25_000,
      limits: { text_max: 4_000, frame_max: 65_536 },
      watching: (args?.watch ?? []).map((from: WatchFrom) => this.watched(from)),
      ...more,
    };
  }

  private newSocket(): FakeSocket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  }
}

/** What a watch has told, in order. */
export class Log implements WatchHandlers {
  watch!: ReturnType<Client["watch"]>;
  seqs: number[] = [];
  resets = 0;
  summaries = 0;
  typing: boolean[] = [];
  errors: string[] = [];
  onReset = (): void => {
    this.resets++;
    this.seqs = [];
  };
  onEvents = (events: EventFrame[]): void => void this.seqs.push(...events.map(({ seq }) => seq));
  onSummary = (): void => void this.summaries++;
  onTyping = (active: boolean): void => void this.typing.push(active);
  onError = ({ code }: { code: string }): void => void this.errors.push(code);
}

export function upTo(head: number): number[] {
  return Array.from({ length: head }, (_, index) => index + 1);
}

export function event(conversation: string, seq: number, more: object = {}): EventFrame {
  const said = { ev: "message.posted", conversation, seq, at: seq, by: VISITOR, data: { text: `message ${seq}` } };
  return { ...said, ...more } as EventFrame;
}

export function summary(id: string, seq: number): Summary {
  return {
    id,
    site: "s_1",
    status: "open",
    owner: null,
    visitor: { id: "v_1", name: "Vera", online: true },
    seq,
    started_at: 1,
    activity_at: seq,
    preview: { by: VISITOR, text: "", at: seq },
  };
}

function eventsBetween(conversation: string, after: number, last: number): EventFrame[] {
  return upTo(last)
    .slice(after)
    .map((seq) => event(conversation, seq));
}
