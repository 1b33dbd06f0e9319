import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { Client, watchInbox, type ClientOptions, type EventFrame, type State, type WatchHandlers } from "../src/index";
import { ServerProcess } from "./server-process";

const ORIGIN = "http://shop.test";
const TIMEOUT_MS = 60_000;

let server: ServerProcess;
let address: string;
let site: string;
let agentToken: string;
const clients: Client[] = [];

before(async () => {
  server = new ServerProcess();
  site = server.run("site", "add", "Shop", "--domain", "shop.test");
  server.runWithInput("correct horse\n", "agent", "add", "--site", site, "--email", "alice@shop.test", "--name", "Alice", "--password-stdin");
  agentToken = server.run("token", "agent", "--site", site, "--email", "alice@shop.test");
  address = await server.start();
});

after(async () => {
  for (const client of clients) client.stop();
  await server?.remove();
});

test("start, claim, reply, send and close: cut lines lose nothing and repeat nothing", { timeout: TIMEOUT_MS }, async () => {
  const visitor = connected(visitorOptions());
  const agent = connected({ url: `ws://${address}/v1/agent`, token: () => agentToken });
  const rows = inboxRows(agent.client);

  const started = await visitor.client.command("conversation.start", { text: "Is the red one in stock?" });
  const conversation = started.conversation.id;
  assert.equal(started.seq, 2);
  const seen = new Transcript(visitor.client, conversation);
  const worked = new Transcript(agent.client, conversation);
  await rows.has(conversation);
  await worked.has(2);
  await agent.client.command("conversation.claim", { conversation });
  await agent.client.command("note.add", { conversation, text: "asks every week" });
  await seen.has(3);

  // The visitor's line is cut, and the reply is committed while the answer to it is lost.
  visitor.line.cut();
  agent.line.loseAnswerTo = "message.send";
  const reply = await agent.client.command("message.send", { conversation, text: "Yes, two of them." });
  assert.equal(agent.line.opened, 2, "the agent's line was cut");
  await seen.has(4);

  agent.line.loseAnswerTo = "message.send";
  const end = await agent.client.command("message.send", { conversation, text: "Bye!", then: "close" });
  assert.equal(agent.line.opened, 3, "the agent's line was cut again");
  await Promise.all([seen.has(6), worked.has(7)]);

  assert.deepEqual(seen.lines, [
    "1 conversation.started",
    "2 message.posted Is the red one in stock?",
    "3 conversation.claimed",
    "4 message.posted Yes, two of them.",
    "5 message.posted Bye!",
    "6 conversation.closed This conversation has been closed.",
  ]);
  assert.equal(worked.lines[3], "4 note.posted asks every week");
  assert.deepEqual([reply.seq, end.seq, end.closed_seq], [5, 6, 7]);
  assert.equal(worked.lines.length, 7);

  const late = visitor.client.command("message.send", { conversation, text: "One more thing" });
  await assert.rejects(late, { code: "conversation_closed" });
  await Promise.all([reaches(visitor.client, "live"), reaches(agent.client, "live")]);
});

test("a text with half a character arrives, and the socket lives", { timeout: TIMEOUT_MS }, async () => {
  const visitor = connected(visitorOptions());
  const started = await visitor.client.command("conversation.start", { text: "Torn \ud83d" });
  const conversation = started.conversation.id;
  const seen = new Transcript(visitor.client, conversation);
  await visitor.client.command("message.send", { conversation, text: "\ude00 apart" });
  await seen.has(3);
  assert.deepEqual(seen.lines.slice(1), ["2 message.posted Torn \ufffd", "3 message.posted \ufffd apart"]);
  assert.equal(visitor.line.opened, 1);
});

test("a token that is not ours stops the client and says so", { timeout: TIMEOUT_MS }, async () => {
  const { client } = connected({ ...visitorOptions(), token: () => "forged" }, false);
  const refused = new Promise<string>((resolve) => client.on("refused", ({ code }) => resolve(code)));
  client.start();
  assert.equal(await refused, "unauthorized");
});

test("a server that drains says bye and ends well", { timeout: TIMEOUT_MS }, async () => {
  const { client } = connected(visitorOptions());
  await reaches(client, "live");
  const bye = new Promise<string>((resolve) => client.on("bye", ({ code }) => resolve(code)));
  const exit = server.stop();
  assert.equal(await bye, "going_away");
  assert.equal(await exit, 0);
});

const visitorOptions = (): ClientOptions => ({ url: `ws://${address}/v1/visitor/${site}` });

/** The network between one client and the server. */
class CutLine {
  opened = 0;
  /** The server does what it is asked with this operation, and its answer is lost with the connection. */
  loseAnswerTo = "";
  private socket: WebSocket | undefined;
  private lostId = -1;

  open = (url: string, protocols: string[]): WebSocket => {
    this.opened++;
    const isVisitor = url.includes("/visitor/");
    const socket = new WebSocket(url, protocols, isVisitor ? { origin: ORIGIN } : {});
    this.socket = socket;
    const send = socket.send.bind(socket);
    socket.send = (data) => {
      const { id, op } = JSON.parse(data);
      if (op === this.loseAnswerTo) this.lostId = id;
      send(data);
    };
    return new Proxy(socket, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
      set: (target, name, value) =>
        Reflect.set(target, name, name === "onmessage" && value ? this.lossy(target, value) : value),
    });
  };

  cut(): void {
    this.socket?.terminate();
    // What was read already is lost as well.
    this.socket = undefined;
  }

  private lossy(socket: WebSocket, deliver: (event: unknown) => void): (event: { data: string }) => void {
    return (event) => {
      if (socket !== this.socket) return;
      if (JSON.parse(event.data).re !== this.lostId) return deliver(event);
      this.loseAnswerTo = "";
      this.lostId = -1;
      this.cut();
    };
  }
}

function connected(options: ClientOptions, start = true): { client: Client; line: CutLine } {
  const line = new CutLine();
  const client = new Client({ ...options, webSocket: line.open });
  clients.push(client);
  if (start) client.start();
  return { client, line };
}

/** What one side sees of a conversation. Fails on the spot if a number is missing or repeated. */
class Transcript implements WatchHandlers {
  readonly lines: string[] = [];
  private readonly waiting: { length: number; done: () => void }[] = [];

  constructor(client: Client, conversation: string) {
    client.watch(conversation, this);
  }

  onReset(): void {
    assert.equal(this.lines.length, 0, "nothing calls for a reset here");
  }

  onEvents(events: EventFrame[]): void {
    for (const { seq, ev, data } of events) {
      assert.equal(seq, this.lines.length + 1);
      this.lines.push([seq, ev, ..."text" in data ? [data.text] : []].join(" "));
    }
    for (const { length, done } of this.waiting) if (this.lines.length >= length) done();
  }

  async has(length: number): Promise<void> {
    if (this.lines.length < length) await new Promise<void>((done) => this.waiting.push({ length, done }));
  }
}

function inboxRows(client: Client): { has(conversation: string): Promise<void> } {
  const known = new Set<string>();
  let told = (): void => {};
  const take = (ids: string[]) => {
    for (const id of ids) known.add(id);
    told();
  };
  watchInbox(client, {
    // A list lost with its connection is asked for again after the next reconnect.
    onReload: () => void client.ask("inbox.list", {}).then(({ rows }) => take(rows.map(({ id }) => id)), () => {}),
    onRow: ({ id }) => take([id]),
    onCounts: () => {},
  });
  return {
    async has(conversation) {
      while (!known.has(conversation)) await new Promise<void>((resolve) => (told = resolve));
    },
  };
}

async function reaches(client: Client, state: State): Promise<void> {
  while (client.state !== state) await new Promise<void>((resolve) => client.on("state", () => resolve()));
}
