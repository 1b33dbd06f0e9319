// Messages and notes on their way. The client sends each until it is answered; here is what the
// agent sees of that, and where a text goes that was refused.

import { freshKey, type By, type Client, type Settled, type StoredCommand } from "@frontdesk/client";
import { explain } from "./refusals";
import { Store } from "./store";
import { returnToDraft } from "../composer/drafts";
import { toast } from "../ui/toast";

export interface Pending {
  key: string;
  conversation: string;
  kind: "reply" | "note";
  text: string;
  at: number;
  closes: boolean;
  state: "sending" | "sent" | "failed";
  /** Its number, once the server has said so. */
  seq?: number;
  problem?: string;
  canRetry?: boolean;
}

/** The composer is still there for these, so the text goes back into it. */
const BACK_TO_DRAFT: ReadonlySet<string> = new Set(["not_owner", "bad_request", "too_large"]);

export class Unsent {
  readonly pending: Store<readonly Pending[]>;
  readonly #client: Client;
  readonly #me: By;
  readonly #stop: () => void;

  constructor(client: Client, me: By) {
    this.#client = client;
    this.#me = me;
    // What a reload interrupted is still being sent; what somebody else wrote here is not ours to show.
    const own = client.unconfirmed.filter(({ author }) => author === undefined || author === me.id);
    this.pending = new Store<readonly Pending[]>(own.flatMap((command) => pendingOf(command) ?? []));
    this.#stop = client.on("settled", (settled) => this.#settle(settled));
  }

  close(): void {
    this.#stop();
  }

  send(conversation: string, kind: Pending["kind"], text: string, closes: boolean): void {
    const pending: Pending = { key: freshKey(), conversation, kind, text, at: Date.now(), closes, state: "sending" };
    this.pending.update((all) => [...all, pending]);
    this.#command(pending);
  }

  /** With the same key: should it have arrived after all, it is not doubled. */
  retry(pending: Pending): void {
    this.#change(pending.key, { state: "sending" });
    this.#command(pending);
  }

  forget(keys: readonly string[]): void {
    if (keys.length > 0) this.pending.update((all) => all.filter(({ key }) => !keys.includes(key)));
  }

  #command({ key, conversation, kind, text, closes }: Pending): void {
    const answer =
      kind === "note"
        ? this.#client.command("note.add", { conversation, text }, key)
        : this.#client.command("message.send", { conversation, text, ...(closes ? { then: "close" } : {}) }, key);
    // `settled` tells the outcome, and also tells it after a reload.
    answer.catch(() => {});
  }

  #settle({ command, ok, error }: Settled): void {
    const pending = this.pending.value.find(({ key }) => key === command.key);
    if (pending === undefined) return;
    if (error === undefined) {
      return this.#change(pending.key, { state: "sent", seq: (ok as { seq: number }).seq });
    }
    if (BACK_TO_DRAFT.has(error.code)) {
      this.forget([pending.key]);
      returnToDraft(this.#me.id, pending.conversation, pending.kind, pending.text);
      toast("error", `Not sent. ${explain(error)}`);
    } else {
      const canRetry = error.code !== "conversation_closed";
      this.#change(pending.key, { state: "failed", problem: explain(error), canRetry });
    }
  }

  #change(key: string, change: Partial<Pending>): void {
    this.pending.update((all) => all.map((each) => (each.key === key ? { ...each, ...change } : each)));
  }
}

function pendingOf({ op, key, args }: StoredCommand): Pending | undefined {
  const { conversation, text } = args;
  if ((op !== "message.send" && op !== "note.add") || conversation === undefined || typeof text !== "string") return undefined;
  const kind = op === "note.add" ? "note" : "reply";
  return { key, conversation, kind, text, at: Date.now(), closes: args["then"] === "close", state: "sending" };
}
