// A value that can be watched: the one bridge between the live objects and the screens.

import { useLayoutEffect, useState } from "preact/hooks";

export class Store<T> {
  #value: T;
  #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useState({});
  const drawn = store.value;
  useLayoutEffect(() => {
    const stop = store.subscribe(() => redraw({}));
    // The value may have moved between drawing and subscribing.
    if (!Object.is(drawn, store.value)) redraw({});
    return stop;
  }, [store]);
  return drawn;
}
