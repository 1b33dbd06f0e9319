// Who is signed in, if anybody: the one place that starts and stops the connection.

import { Client, storedOutbox, type ApiError, type HelloOk, type State } from "@frontdesk/client";
import { signInWithCode, signOut } from "./http";
import { Desk } from "./live/desk";
import { explain } from "./live/refusals";
import { Store } from "./live/store";
import { toast } from "./ui/toast";

export type SessionState = { phase: "checking" } | { phase: "out"; notice: string | undefined } | { phase: "in"; desk: Desk };

const SIGN_IN_AGAIN = "Please sign in again.";
const LINK_DEAD = "This sign-in link has expired or was used already.";
/** Remembers only that somebody was signed in here, to tell an expired session from a first visit. */
const WAS_IN = "frontdesk.was-signed-in";

export class Session {
  readonly state = new Store<SessionState>({ phase: "checking" });
  readonly connection: Store<State>;
  readonly #client: Client;

  constructor() {
    const client = new Client({
      url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/v1/agent`,
      outboxStorage: storedOutbox(sessionStorage, "frontdesk.outbox"),
    });
    this.#client = client;
    this.connection = new Store(client.state);
    client.on("state", (state) => this.connection.set(state));
    client.on("hello", (hello) => this.#greeted(hello));
    client.on("refused", (error) => this.#refused(error));
    client.on("fault", (fault) => {
      console.error(fault);
      toast("error", `Something went wrong: ${explain(fault)}`);
    });
  }

  /** A one-time link signs in first; otherwise the cookie is tried, and the server decides. */
  async start(): Promise<void> {
    const code = takeCode();
    if (code === undefined) return this.connect();
    try {
      const answer = await signInWithCode(code);
      if (answer.kind === "in") return this.connect();
      this.#out(answer.kind === "refused" && answer.status === 429 ? "Too many attempts. Wait a moment and try again." : LINK_DEAD);
    } catch {
      this.#out("The server cannot be reached. Open the sign-in link again.");
    }
  }

  connect(): void {
    this.state.set({ phase: "checking" });
    this.#client.start();
  }

  async leave(): Promise<void> {
    try {
      await signOut();
    } catch (error) {
      return toast("error", explain(error));
    }
    remember(false);
    this.#client.stop();
    this.#out(undefined);
  }

  #greeted({ self }: HelloOk): void {
    const state = this.state.value;
    // Another tab may have signed somebody else in: the cookie is shared.
    if (state.phase === "in" && state.desk.me.id === self.id) return;
    if (state.phase === "in") state.desk.close();
    remember(true);
    this.state.set({ phase: "in", desk: new Desk(this.#client, self) });
  }

  #refused(error: ApiError): void {
    const isExpired = error.code === "unauthorized";
    const wasIn = this.state.value.phase === "in" || remembered();
    this.#out(isExpired ? (wasIn ? SIGN_IN_AGAIN : undefined) : explain(error));
  }

  #out(notice: string | undefined): void {
    const state = this.state.value;
    if (state.phase === "in") state.desk.close();
    this.state.set({ phase: "out", notice });
  }
}

/** Takes the code out of the address at once, so that it is neither shared nor kept in the history. */
function takeCode(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return code;
}

function remember(isIn: boolean): void {
  try {
    if (isIn) localStorage.setItem(WAS_IN, "yes");
    else localStorage.removeItem(WAS_IN);
  } catch {
    // Without storage an expired session only looks like a first visit.
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(WAS_IN) !== null;
  } catch {
    return false;
  }
}
