// The boxes that rows are ticked with.

import { useEffect, useRef } from "preact/hooks";
import type { Ticked } from "./selection";

interface TickProps {
  name: string;
  isTicked: boolean;
  /** With Shift: everything from the box ticked before. */
  onTick: (withShift: boolean) => void;
}

export function Tick({ name, isTicked, onTick }: TickProps) {
  const withShift = useRef(false);
  return (
    <label class="tick" onClick={(event) => event.stopPropagation()}>
      <input
        type="checkbox"
        aria-label={name}
        checked={isTicked}
        onClick={(event) => (withShift.current = event.shiftKey)}
        onChange={() => onTick(withShift.current)}
      />
    </label>
  );
}

export function TickAll({ state, onTick }: { state: Ticked; onTick: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = state === "some";
  }, [state]);
  return (
    <label class="tick">
      <input ref={box} type="checkbox" aria-label="Select all on this page" checked={state === "all"} onChange={onTick} />
    </label>
  );
}
