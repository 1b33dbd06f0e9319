// What is true for this visitor: the connection, the conversation, and what is still to be sent.
//
// Nothing here touches the document. Whoever shows it asks for a `snapshot` after `onChange`.
// A connection costs the server a socket, so there is none until somebody looks or something waits.

import type { ApiError, Client, EventFrame, HelloOk } from "@frontdesk/client";
import { Conversation } from "./conversation";
import { Delivery } from "./delivery";
import { Draft } from "./draft";
import { Outbox } from "./outbox";
import { CONVERSATION_ENTRY, recall, remember } from "./remembered";
import type { SiteStorage } from "./storage";
import { linesOf, unreadIn, type Line } from "./thread";
import { TOKEN_ENTRY, visitorClient } from "./visitor";

/** `ended`: the server does not know this visitor any more. */
export type Stage = "new" | "open" | "closed" | "ended";

/** `unavailable`: never reached, however often it was tried. Browsers do not say why: perhaps this page's
 * host is not allowed, perhaps the server is down. */
export type Link = "quiet" | "reconnecting" | "unavailable" | "offline";

export interface Heard {
  /** "" when unknown. */
  name: string;
  text: string;
}

const UNAVAILABLE_AFTER_FAILURES = 3;

export interface Snapshot {
  stage: Stage;
  link: Link;
  /** Whether somebody of the team is there; undefined until the server has said so. */
  online: boolean | undefined;
  lines: Line[];
  /** Who of the team is typing. */
  typist: string | undefined;
  draft: string;
  /** How many messages wait for a yes, because their conversation was closed before them. */
  held: number;
  textMax: number;
  unread: number;
}

export class Session {
  onChange: () => void = () => {};
  /** Somebody of the team has said something just now. */
  onHeard: (messages: Heard[]) => void = () => {};

  readonly #url: string;
  readonly #storage: SiteStorage;
  readonly #outbox: Outbox;
  readonly #draft: Draft;
  #client: Client;
  #delivery: Delivery;
  #shown: Conversation | undefined;
  #selfId: string | undefined;
  #connected = false;
  #reached = false;
  #failures = 0;
  #ended = false;
  /** The visitor has turned away from the closed conversation, which `hello` goes on naming. */
  #anew = false;
  #looking = false;
  #online: boolean | undefined;
  #textMax = 4000;

  constructor(url: string, storage: SiteStorage) {
    this.#url = url;
    this.#storage = storage;
    this.#outbox = new Outbox(storage);
    this.#draft = new Draft(storage);
    [this.#client, this.#delivery] = this.#newIdentity();
    storage.onForeignChange((name) => this.#changedByOtherTab(name));
    for (const sign of ["online", "offline"]) addEventListener(sign, () => this.onChange());
    if (recall(storage)?.open || this.#outbox.next()) this.#connect();
  }

  snapshot(): Snapshot {
    return {
      stage: this.#stage(),
      link: this.#link(),
      online: this.#online,
      lines: linesOf(this.#shown?.events ?? [], this.#outbox.all()),
      typist: this.#shown?.typist,
      draft: this.#draft.text,
      held: this.#outbox.held().length,
      textMax: this.#textMax,
      unread: this.#looking ? 0 : unreadIn(this.#shown?.events ?? [], recall(this.#storage)?.seen ?? 0),
    };
  }

  /** The visitor has the conversation before their eyes, or not any more. */
  look(looking: boolean): void {
    this.#looking = looking;
    if (looking) this.#connect();
    this.#noteSeen();
  }

  send(text: string): void {
    this.#shown?.typing.ended();
    this.#draft.write("");
    this.#outbox.add(text, this.#openId(), Date.now());
    this.#goOn();
  }

  write(text: string): void {
    this.#draft.write(text);
    if (text.trim() === "") this.#shown?.typing.ended();
    else this.#shown?.typing.pressed();
  }

  retry(key: string): void {
    const item = this.#outbox.all().find((candidate) => candidate.key === key);
    if (item?.state !== "failed" && item?.state !== "held") return;
    this.#outbox.release(item, this.#openId());
    this.#goOn();
  }

  /** Turns to an empty conversation. What the closed one refused is the first that is said in it. */
  startAnew(): void {
    if (this.#ended) this.#forgetVisitor();
    else this.#forgetConversation();
    this.#anew = true;
    for (const item of this.#outbox.held()) this.#outbox.release(item, null);
    this.#goOn();
  }

  /** What the closed conversation refused is not to be sent. */
  discard(): void {
    this.#outbox.discard(this.#outbox.held());
    this.#changed();
  }

  /** Nothing of this visitor stays on this device. */
  reset(): void {
    this.#outbox.discard();
    this.#draft.write("");
    this.#forgetVisitor();
    this.#changed();
  }

  #stage(): Stage {
    if (this.#ended) return "ended";
    if (!this.#shown) return "new";
    return this.#shown.closed ? "closed" : "open";
  }

  #link(): Link {
    const { state } = this.#client;
    if (!this.#connected || this.#ended || state === "live" || state === "behind") return "quiet";
    if (!navigator.onLine) return "offline";
    if (this.#reached && this.#failures > 0) return "reconnecting";
    return this.#failures < UNAVAILABLE_AFTER_FAILURES ? "quiet" : "unavailable";
  }

  #openId(): string | null {
    return this.#shown && !this.#shown.closed ? this.#shown.id : null;
  }

  #goOn(): void {
    this.#connect();
    this.#changed();
    void this.#delivery.run();
  }

  /** Somebody wants something now: no waiting for the next attempt. */
  #connect(): void {
    if (this.#connected) return this.#client.wake();
    if (this.#ended) return;
    this.#connected = true;
    this.#client.start();
    void this.#delivery.run();
  }

  /** A client and its deliveries belong to one visitor: another visitor gets new ones. */
  #newIdentity(): [Client, Delivery] {
    const client = visitorClient(this.#url, this.#storage);
    const isCurrent = () => client === this.#client;
    client.on("state", (state) => {
      if (!isCurrent()) return;
      if (state === "offline") this.#failures += 1;
      this.#changed();
    });
    client.on("hello", (hello) => isCurrent() && this.#greeted(hello));
    client.on("refused", (error) => isCurrent() && this.#refused(error));
    client.on("signal", ({ sig, data }) => {
      if (!isCurrent() || sig !== "presence") return;
      this.#online = data.online;
      this.#changed();
    });
    const delivery = new Delivery(client, this.#outbox, {
      started: (conversation) => this.#show(conversation),
      closed: (conversation) => this.#closed(conversation),
      changed: () => this.#changed(),
    });
    return [client, delivery];
  }

  #renewIdentity(): void {
    const wasConnected = this.#connected;
    this.#leave();
    this.#delivery.stop();
    this.#client.stop();
    this.#connected = this.#reached = this.#ended = this.#anew = false;
    this.#failures = 0;
    this.#selfId = this.#online = undefined;
    [this.#client, this.#delivery] = this.#newIdentity();
    if (wasConnected && (this.#looking || this.#outbox.next())) this.#connect();
  }

  #greeted({ self, token, online, limits, conversation }: HelloOk): void {
    // The token is shared with other tabs, and one of them may have become another visitor.
    const isOther = this.#selfId !== undefined && this.#selfId !== self.id;
    if (isOther || (token && token !== this.#storage.text(TOKEN_ENTRY))) return this.#renewIdentity();
    this.#selfId = self.id;
    this.#reached = true;
    this.#failures = 0;
    this.#online = online;
    this.#textMax = limits?.text_max ?? this.#textMax;
    if (conversation && (conversation.status === "open" || !(this.#shown || this.#anew))) {
      this.#show(conversation.id, conversation.status !== "open");
    }
    void this.#delivery.run();
    this.#changed();
  }

  #refused(error: ApiError): void {
    this.#connected = false;
    this.#outbox.hold();
    const unsaid = this.#draft.text !== "" || this.#outbox.held().length > 0;
    const nothingToLose = recall(this.#storage) === undefined && !this.#shown && !unsaid;
    if (error.code === "unauthorized" && nothingToLose && this.#storage.text(TOKEN_ENTRY) !== undefined) {
      this.#forgetVisitor();
      if (this.#looking) this.#connect();
    } else {
      this.#ended = true;
    }
    this.#changed();
  }

  #show(id: string, closed = false): void {
    if (this.#shown?.id === id) return;
    this.#leave();
    this.#anew = false;
    const shown: Conversation = new Conversation(this.#client, id, closed, {
      happened: (events, live) => this.#shown === shown && this.#happened(shown, events, live),
      changed: () => this.#changed(),
      gone: () => {
        if (this.#shown === shown) this.#forgetConversation();
        this.#changed();
      },
    });
    this.#shown = shown;
    this.#noteSeen();
  }

  #happened({ id }: Conversation, events: EventFrame[], live: boolean): void {
    const heard: Heard[] = [];
    for (const { ev, by, data } of events) {
      // What was accepted stands before the close, so what is left now never will be.
      if (ev === "conversation.closed") this.#closed(id);
      if (ev === "message.posted" && by.role === "visitor" && data.key !== undefined) this.#outbox.remove(data.key);
      if (ev === "message.posted" && by.role === "agent" && live) heard.push({ name: by.name, text: data.text });
    }
    this.#noteSeen();
    if (heard.length > 0) this.onHeard(heard);
    this.#changed();
  }

  #closed(id: string): void {
    if (this.#shown?.id === id) this.#shown.closed = true;
    this.#outbox.hold((item) => item.conversation === id);
    this.#noteSeen();
  }

  #noteSeen(): void {
    if (!this.#shown) return;
    const { id, closed, events } = this.#shown;
    const before = recall(this.#storage);
    const seenBefore = before?.id === id ? before.seen : 0;
    const seen = this.#looking ? Math.max(seenBefore, events.at(-1)?.seq ?? 0) : seenBefore;
    remember(this.#storage, { id, open: !closed, seen });
  }

  #leave(): void {
    this.#shown?.leave();
    this.#shown = undefined;
  }

  #forgetConversation(): void {
    this.#leave();
    remember(this.#storage, undefined);
  }

  #forgetVisitor(): void {
    this.#storage.setText(TOKEN_ENTRY, undefined);
    remember(this.#storage, undefined);
    this.#renewIdentity();
  }

  #changedByOtherTab(name: string): void {
    const other = recall(this.#storage);
    if (name === CONVERSATION_ENTRY && other?.open && other.id !== this.#shown?.id) {
      this.#connect();
      this.#show(other.id);
    }
    if (name === TOKEN_ENTRY) this.#tokenChangedByOtherTab();
    this.#changed();
  }

  #tokenChangedByOtherTab(): void {
    const signedOut = this.#storage.text(TOKEN_ENTRY) === undefined;
    // Signing out in one tab is signing out in all.
    if (signedOut) this.#outbox.discard();
    if (signedOut || (!this.#shown && this.#selfId !== undefined)) this.#renewIdentity();
  }

  #changed(): void {
    this.onChange();
  }
}
