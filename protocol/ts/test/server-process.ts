import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The real server on a data folder of its own. */
export class ServerProcess {
  readonly data: string;
  private readonly bin: string;
  private child: ChildProcess | undefined;

  constructor() {
    const bin = process.env["FRONTDESK_BIN"];
    if (!bin) throw new Error("set FRONTDESK_BIN to the frontdesk binary");
    this.bin = bin;
    this.data = mkdtempSync(join(tmpdir(), "frontdesk-real-"));
  }

  /** Starts it and answers its address, like `127.0.0.1:41234`. */
  async start(): Promise<string> {
    const child = spawn(this.bin, ["serve", "--listen", "127.0.0.1:0", "--data", this.data], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const address = /^frontdesk ready on http:\/\/(.+)$/.exec(line)?.[1];
      if (address) return address;
    }
    throw new Error("the server ended before it was ready");
  }

  /** An administrative command; answers what it prints. */
  run(...args: string[]): string {
    return this.runWithInput("", ...args);
  }

  runWithInput(input: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(this.bin, [...args, "--data", this.data], { encoding: "utf8", input });
    if (status !== 0) throw new Error(`frontdesk ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  /** Asks it to drain; answers its exit code. */
  async stop(): Promise<number | null> {
    const { child } = this;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    const [code] = await exit;
    return code;
  }

  async remove(): Promise<void> {
    this.child?.kill("SIGKILL");
    rmSync(this.data, { recursive: true, force: true });
  }
}
