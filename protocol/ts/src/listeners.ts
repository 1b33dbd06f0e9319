import type { ClientEvents } from "./options";

type Name = keyof ClientEvents;
type Handler<N extends Name> = (value: ClientEvents[N]) => void;

/** Who wants to hear what. A handler that throws is reported as a fault and keeps nobody else from hearing. */
export class Listeners {
  private readonly handlers = new Map<Name, Set<Handler<any>>>();

  on<N extends Name>(name: N, handler: Handler<N>): () => void {
    const handlers = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  emit<N extends Name>(name: N, value: ClientEvents[N]): void {
    for (const handler of [...(this.handlers.get(name) ?? [])]) this.tell(() => handler(value));
  }

  tell(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.fault(error);
    }
  }

  fault(error: unknown): void {
    const handlers = this.handlers.get("fault");
    if (!handlers?.size) return console.error(error);
    for (const handler of [...handlers]) handler(error);
  }
}
