// Times as people say them, kept current by one ticking clock for the whole page.

import { useEffect } from "preact/hooks";
import { Store, useStore } from "../live/store";

const TICK_MS = 15_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const now = new Store(Date.now());
let readers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The present, to about a quarter of a minute. */
export function useNow(): number {
  const value = useStore(now);
  useEffect(() => {
    if (readers++ === 0) timer = setInterval(() => now.set(Date.now()), TICK_MS);
    return () => {
      if (--readers === 0) clearInterval(timer);
    };
  }, []);
  // A fact newer than the last tick is not in the future.
  return Math.max(value, Date.now() - TICK_MS);
}

export function RelativeTime({ at }: { at: number }) {
  const present = useNow();
  return (
    <time class="time" dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {relativeTime(at, present)}
    </time>
  );
}

export function ClockTime({ at }: { at: number }) {
  return (
    <time class="time" dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {clockTime(at)}
    </time>
  );
}

export function relativeTime(at: number, present: number): string {
  const age = present - at;
  if (age < MINUTE_MS) return "now";
  if (age < HOUR_MS) return `${Math.floor(age / MINUTE_MS)}m`;
  if (age < DAY_MS) return `${Math.floor(age / HOUR_MS)}h`;
  if (age < 7 * DAY_MS) return `${Math.floor(age / DAY_MS)}d`;
  const sameYear = new Date(at).getFullYear() === new Date(present).getFullYear();
  return dateFormat(sameYear).format(at);
}

export function dayName(at: number, present: number): string {
  const days = Math.round((startOfDay(present) - startOfDay(at)) / DAY_MS);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  const sameYear = new Date(at).getFullYear() === new Date(present).getFullYear();
  return (sameYear ? LONG_DAY : LONG_DAY_AND_YEAR).format(at);
}

export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

export function clockTime(at: number): string {
  return CLOCK.format(at);
}

export function fullTime(at: number): string {
  return FULL.format(at);
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const LONG_DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const LONG_DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DATE_AND_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

function dateFormat(sameYear: boolean): Intl.DateTimeFormat {
  return sameYear ? DATE : DATE_AND_YEAR;
}
