// The real binary on an empty data folder, as somebody starts it for the first time.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Server {
  url: string;
  demo: string;
  /** One-time sign-in links, in the order printed: Ada's, Ben's. */
  links: string[];
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Starts again on the same data and the same port. */
  restart(): Promise<void>;
}

const READY_WITHIN_MS = 20_000;

export async function startServer(): Promise<Server> {
  const binary = process.env.FRONTDESK_BIN;
  if (!binary) throw new Error("FRONTDESK_BIN must name the frontdesk binary (cargo build -p frontdesk)");
  const data = mkdtempSync(join(tmpdir(), "frontdesk-browser-"));
  let run = await launch(binary, data, "127.0.0.1:0");
  const said = run.said();
  const links = said.match(/http:\/\/\S+#code=[\w-]+/g) ?? [];
  const demo = said.match(/http:\/\/\S+\/demo\S*/)?.[0] ?? `${run.url}/demo`;
  const end = async (signal: NodeJS.Signals) => {
    if (run.process.exitCode !== null || run.process.signalCode !== null) return;
    const gone = new Promise((resolve) => run.process.once("exit", resolve));
    run.process.kill(signal);
    await gone;
  };
  return {
    url: run.url,
    demo,
    links,
    stop: async () => {
      await end("SIGTERM");
      rmSync(data, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    restart: async () => {
      run = await launch(binary, data, new URL(run.url).host);
    },
  };
}

interface Run {
  process: ChildProcess;
  url: string;
  said(): string;
}

function launch(binary: string, data: string, listen: string): Promise<Run> {
  const child = spawn(binary, ["serve", "--data", data, "--listen", listen], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  let said = "";
  let out = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not ready:\n${said}`)), READY_WITHIN_MS);
    child.once("exit", (code) => reject(new Error(`exited with ${code}:\n${said}`)));
    child.stdout.on("data", (chunk) => {
      out += chunk;
      const url = out.match(/frontdesk ready on (http:\/\/\S+)/)?.[1];
      if (!url) return;
      clearTimeout(late);
      resolve({ process: child, url, said: () => `${said}\n${out}` });
    });
  });
}
