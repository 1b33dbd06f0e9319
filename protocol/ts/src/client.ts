import { listenToBrowser } from "./browser";
import { systemClock, type Clock } from "./clock";
import { Connection, type ConnectionOwner } from "./connection";
import { ApiError, lost } from "./error";
import { freshKey } from "./key";
import type { Follower, Line } from "./line";
import { Listeners } from "./listeners";
import type { Args, Command, CommandArgs, HelloOk, Ok, Query } from "./operations";
import type { ClientEvents, ClientOptions, State } from "./options";
import { Outbox, type StoredCommand } from "./outbox";
import { afterEnd, type End } from "./reconnect";
import { openWebSocket } from "./socket";
import { Watch, type WatchHandlers } from "./watch";
import { LIMITS, SUBPROTOCOLS, type HelloArgs } from "./wire";

/** A connection that lasted this long was a good one: the next failure starts from the shortest wait. */
const STABLE_AFTER_MS = 10_000;

/** Keeps one connection, and with it everything that is watched and everything that is unsaid. */
export class Client {
  state: State = "offline";
  /** The last answer to `hello`. */
  hello: HelloOk | undefined;
  /** For what lives longer than a connection, like `watchInbox`. Not for applications. */
  readonly line: Line;

  private readonly options: ClientOptions;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly listeners = new Listeners();
  private readonly outbox: Outbox;
  private readonly followers = new Set<Follower>();
  /** Those whose outcomes the hello under way will bring, in its order. */
  private resuming: Follower[] = [];
  private connection: Connection | undefined;
  private token: string | undefined;
  private attempt = 0;
  private timer: unknown;
  private running = false;
  private settling = false;
  private unlisten = (): void => {};

  constructor(options: ClientOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.line = this.makeLine();
    this.outbox = new Outbox(this.line, options.outboxStorage, (settled) => this.listeners.emit("settled", settled));
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.attempt = 0;
    this.unlisten = listenToBrowser(
      () => this.wake(),
      () => this.line.reconnect(),
    );
    this.connect();
  }

  /** Closes the connection. Watches and unsaid commands stay, for the next `start`. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    this.token = undefined;
    this.unlisten();
    this.clock.clearTimeout(this.timer);
    this.line.reconnect();
  }

  /** Tries now: connects at once if waiting, else makes sure that the connection is alive. */
  wake(): void {
    if (!this.running) return;
    if (this.connection) this.connection.probe();
    else this.connect();
  }

  on<N extends keyof ClientEvents>(name: N, handler: (value: ClientEvents[N]) => void): () => void {
    return this.listeners.on(name, handler);
  }

  /**
   * Asks a question, as soon as `hello` is answered if a connection is being made. Rejects with an
   * `ApiError` when the answer is no, or with code `connection_lost` when there is none.
   */
  ask<O extends Query>(op: O, args: Args<O>): Promise<Ok<O>> {
    return new Promise((resolve, reject) => {
      this.line.ask(op, args, ({ ok, err }) => (err ? reject(new ApiError(err)) : resolve(ok)));
    });
  }

  /**
   * Gives a command, which takes effect exactly once: it stands in the outbox until it is answered
   * and is sent again, with the same key, after every reconnect. Rejects only with the server's no.
   * Give the `key` to know the event again; the same key again is the same command.
   */
  command<O extends Command>(op: O, args: CommandArgs<O>, key = freshKey()): Promise<Ok<O>> {
    return this.outbox.add({ key, op, args: args as StoredCommand["args"] }) as Promise<Ok<O>>;
  }

  /** Commands not confirmed yet, those from before a reload included; `settled` tells how each ended. */
  get unconfirmed(): StoredCommand[] {
    return this.outbox.commands;
  }

  /** Watches until `close()`, across reconnects. `after`: the last number the caller has already. */
  watch(conversation: string, handlers: WatchHandlers, after = 0): Watch {
    const watch = new Watch(this.line, conversation, handlers, after);
    this.line.follow(watch);
    return watch;
  }

  private makeLine(): Line {
    const client = this;
    return {
      clock: this.clock,
      random: this.random,
      get isGreeted() {
        return client.connection?.greeted ?? false;
      },
      ask(op, args, answered) {
        if (client.connection) client.connection.ask(op, args, answered);
        else answered({ err: lost() });
      },
      tell: (handler) => this.listeners.tell(handler),
      changed: () => this.refresh(),
      reconnect: () => this.connection?.end({ code: 0 }),
      follow: (follower) => this.follow(follower),
      unfollow: (follower) => this.unfollow(follower),
    };
  }

  private follow(follower: Follower): void {
    this.followers.add(follower);
    if (this.line.isGreeted) follower.connected();
    this.refresh();
  }

  private unfollow(follower: Follower): void {
    this.followers.delete(follower);
    // Not before the greeting: said after it, this could end a watch begun in between.
    if (this.line.isGreeted) this.leave(follower);
    this.refresh();
  }

  private leave({ resume }: Follower): void {
    const conversation = resume?.conversation;
    const isShared = [...this.followers].some((other) => other.resume?.conversation === conversation);
    if (conversation && !isShared) this.line.ask("conversation.unwatch", { conversation }, () => {});
  }

  private connect(): void {
    this.clock.clearTimeout(this.timer);
    const { url, webSocket = openWebSocket } = this.options;
    try {
      this.connection = new Connection(webSocket(url, [SUBPROTOCOLS.json]), this.owner());
    } catch (error) {
      this.listeners.fault(error);
      this.ended({ code: 0 }, 0);
    }
    this.refresh();
  }

  private owner(): ConnectionOwner {
    return {
      clock: this.clock,
      hello: () => this.helloArgs(),
      greeted: (hello) => this.greeted(hello),
      event: (frame) => this.followers.forEach((follower) => follower.event?.(frame)),
      signal: (frame) => {
        this.followers.forEach((follower) => follower.signal?.(frame));
        this.listeners.emit("signal", frame);
      },
      fault: (error) => this.listeners.fault(error),
      ended: (end, livedMs) => this.ended(end, livedMs),
    };
  }

  private helloArgs(): HelloArgs {
    const token = this.options.token?.() ?? this.token;
    this.resuming = [...this.followers].filter(({ resume }) => resume).slice(0, LIMITS.hello_watch_max);
    const watch = this.resuming.flatMap(({ resume }) => resume ?? []);
    return { ...this.options.hello?.(), ...(token && { token }), ...(watch.length > 0 && { watch }) };
  }

  private greeted(hello: HelloOk): void {
    this.settling = true;
    this.hello = hello;
    const { token } = hello;
    if (token) {
      this.token = token;
      this.listeners.tell(() => this.options.onToken?.(token));
    }
    for (const follower of this.resuming) if (!this.followers.has(follower)) this.leave(follower);
    const followers = [...this.followers];
    this.listeners.emit("hello", hello);
    for (const follower of followers) {
      const place = this.resuming.indexOf(follower);
      if (this.followers.has(follower)) follower.connected(hello.watching?.[place]);
    }
    this.outbox.resume(hello.self.id);
    this.settling = false;
    this.refresh();
  }

  private ended(end: End, livedMs: number): void {
    this.connection = undefined;
    this.followers.forEach((follower) => follower.lost());
    if (end.bye) this.listeners.emit("bye", end.bye);
    if (livedMs >= STABLE_AFTER_MS) this.attempt = 0;
    if (this.running) this.plan(end);
    this.refresh();
  }

  private plan(end: End): void {
    const next = afterEnd(end, this.attempt++, this.random);
    if (next.refused) {
      this.stop();
      this.refresh();
      this.listeners.emit("refused", new ApiError(next.refused));
    } else {
      this.timer = this.clock.setTimeout(() => this.connect(), next.afterMs);
    }
  }

  /** Not in the middle of a hello: what it brings counts as one change. */
  private refresh(): void {
    const state = this.currentState();
    if (this.settling || state === this.state) return;
    this.state = state;
    this.listeners.emit("state", state);
  }

  private currentState(): State {
    if (!this.connection) return "offline";
    if (!this.connection.greeted) return "connecting";
    const isCaughtUp = !this.outbox.isLate && [...this.followers].every(({ caughtUp }) => caughtUp);
    return isCaughtUp ? "live" : "behind";
  }
}
