/** Time as an argument, so that tests own it. */
export interface Clock {
  /** Milliseconds of the wall clock: it must go on while a laptop sleeps, which `performance.now` does not. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};
