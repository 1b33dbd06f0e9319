// Keeps rows where they are while somebody is aiming at one. Contents stay live; only moves wait.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

const REST_MS = 900;
const HOLD_MAX_MS = 4_000;

interface Steady {
  shown: readonly string[];
  onPointerMove: () => void;
  onPointerLeave: () => void;
}

export function useSteady(order: readonly string[]): Steady {
  const [shown, setShown] = useState(order);
  const movedAt = useRef(-Infinity);
  const heldSince = useRef<number | undefined>(undefined);

  const settle = () => {
    heldSince.current = undefined;
    setShown(order);
  };

  useLayoutEffect(() => {
    if (order === shown) return;
    if (startsWith(order, shown)) return settle();
    let timer: ReturnType<typeof setTimeout>;
    const whenAtRest = () => {
      const now = performance.now();
      heldSince.current ??= now;
      const wait = Math.min(movedAt.current + REST_MS, heldSince.current + HOLD_MAX_MS) - now;
      if (wait <= 0) settle();
      else timer = setTimeout(whenAtRest, wait);
    };
    whenAtRest();
    return () => clearTimeout(timer);
  }, [order, shown]);

  return {
    shown,
    onPointerMove: () => (movedAt.current = performance.now()),
    onPointerLeave: () => {
      movedAt.current = -Infinity;
      settle();
    },
  };
}

/** Rows added at the foot move nobody. */
function startsWith(order: readonly string[], shown: readonly string[]): boolean {
  return shown.every((id, index) => order[index] === id);
}
