// Bundles the tests and runs them with Node's own runner, one file after the other: they share two cores.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(here, ".build-"));
const tests = readdirSync(join(here, "src")).filter((name) => name.endsWith(".test.ts"));
if (tests.length === 0) throw new Error("there are no browser tests in tests/browser/src");
try {
  await build({
    entryPoints: tests.map((name) => join(here, "src", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
  });
  const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
  const { status } = spawnSync(
    process.execPath,
    ["--test", "--test-concurrency=1", "--enable-source-maps", ...files],
    { stdio: "inherit", cwd: here },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
