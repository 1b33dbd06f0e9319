import type { Clock } from "../src/clock";

interface Timer {
  at: number;
  run: () => void;
}

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
  private time = 1_767_225_600_000;
  private timers: Timer[] = [];

  now(): number {
    return this.time;
  }

  setTimeout(run: () => void, ms: number): Timer {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.timers = this.timers.filter((other) => other !== timer);
  }

  /** Lets time pass, timer by timer. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (let runs = 0; ; runs++) {
      if (runs > 10_000) throw new Error("timers run hot");
      const [next] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.clearTimeout(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }

  /** The machine sleeps: time passes and no timer runs. */
  sleep(ms: number): void {
    this.time += ms;
  }
}
