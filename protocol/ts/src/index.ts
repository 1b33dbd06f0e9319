/**
 * The Frontdesk client: one socket that comes back, catches up and repeats nothing.
 *
 * Start with `Client`. `client.ask` is for questions, `client.command` for what must happen exactly
 * once, `client.watch` for a conversation, `watchInbox` for the agent's list.
 * `wire.ts` is generated from the server; everything else is written here.
 */
export { Client } from "./client";
export type { ClientEvents, ClientOptions, Settled, State } from "./options";
export { ApiError, type FailureCode } from "./error";
export type { Watch, WatchHandlers } from "./watch";
export { watchInbox, type InboxHandlers, type InboxWatch } from "./inbox";
export { storedOutbox, type OutboxStorage, type StoredCommand } from "./outbox";
export { freshKey } from "./key";
export { TypingNotice } from "./typing";
export { advance } from "./summary";
export type * from "./operations";
export type { Clock } from "./clock";
export type { OpenSocket, WebSocketLike } from "./socket";
export type * from "./wire";
export { CLOSE_CODES, ERROR_CODES, LIMITS } from "./wire";
