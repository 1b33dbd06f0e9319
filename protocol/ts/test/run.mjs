// Bundles the tests into a temporary folder and runs them there: `node test/run.mjs [real]`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const wantsReal = process.argv[2] === "real";
const names = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
const entryPoints = names.filter((name) => name.startsWith("real.") === wantsReal).map((name) => join(here, name));
const outdir = mkdtempSync(join(tmpdir(), "frontdesk-client-tests-"));

try {
  await esbuild.build({
    entryPoints,
    outdir,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    // `ws` is CommonJS and asks for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  const files = readdirSync(outdir).map((name) => join(outdir, name));
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], {
    stdio: "inherit",
    env: { ...process.env, FRONTDESK_TS: join(here, "..") },
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
