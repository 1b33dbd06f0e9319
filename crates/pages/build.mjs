// Builds the three pages into dist/, which is committed: whoever runs `cargo build` needs no Node.
//
//   node build.mjs            writes dist/
//   node build.mjs --check    writes nothing; fails and names each file of dist/ that is not current
//
// The same sources always give the same bytes: no times, no absolute paths, a pinned esbuild.

import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { SHRINK } from "./shrink.mjs";

const ROOT = dirname(fileURLToPath(import.meta.url));
const DIST = join(ROOT, "dist");
const WIDGET_GZIP_BYTES_MAX = 15_000;

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  charset: "utf8",
  format: "iife",
  legalComments: "none",
  logLevel: "warning",
  metafile: false,
  minify: true,
  target: ["es2022", "safari16.4"],
  write: false,
};

/** The widget lives in a shadow root: its style sheet travels inside the script, as text. */
const styleSheetAsText = {
  name: "style-sheet-as-text",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const { code } = await esbuild.transform(source, {
        charset: "utf8",
        loader: "css",
        minify: true,
        target: COMMON.target,
      });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

/** Bundles one entry; answers its output files as [name, bytes] pairs. */
async function bundle(entry, name, options = {}) {
  const { outputFiles } = await esbuild.build({
    ...COMMON,
    ...options,
    entryPoints: [{ in: entry, out: name }],
    outdir: "dist",
  });
  return outputFiles.map((file) => [basename(file.path), Buffer.from(file.contents)]);
}

/** Replaces every `%asset:NAME%` by the address of that file, which changes with its content. */
async function page(template, assets) {
  const html = await readFile(join(ROOT, template), "utf8");
  const linked = html.replace(/%asset:([\w.-]+)%/g, (_, name) => {
    const bytes = assets.get(name);
    if (!bytes) throw new Error(`${template} names ${name}, which the build does not make`);
    return `/assets/${name}?v=${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}`;
  });
  return [basename(template), Buffer.from(linked)];
}

async function build() {
  const files = new Map([
    ...(await bundle("widget/src/main.ts", "widget", { ...SHRINK, plugins: [styleSheetAsText, ...SHRINK.plugins] })),
    ...(await bundle("console/src/main.tsx", "console", { jsx: "automatic", jsxImportSource: "preact" })),
    ...(await bundle("demo/src/main.ts", "demo")),
  ]);
  for (const template of ["console/console.html", "demo/demo.html"]) {
    files.set(...(await page(template, files)));
  }

  const widgetBytes = gzipSync(files.get("widget.js"), { level: 9 }).length;
  if (widgetBytes > WIDGET_GZIP_BYTES_MAX) {
    throw new Error(`widget.js is ${widgetBytes} bytes gzipped; at most ${WIDGET_GZIP_BYTES_MAX} are allowed`);
  }
  return files;
}

async function committed() {
  const names = await readdir(DIST).catch(() => []);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(DIST, name))])));
}

async function check(built) {
  const present = await committed();
  const stale = [...built].filter(([name, bytes]) => !present.get(name)?.equals(bytes)).map(([name]) => name);
  const surplus = [...present.keys()].filter((name) => !built.has(name));
  for (const name of stale) console.error(`crates/pages/dist/${name} is not current`);
  for (const name of surplus) console.error(`crates/pages/dist/${name} is not made by the build`);
  if (stale.length + surplus.length > 0) {
    console.error("remedy: npm run build -w crates/pages, and commit crates/pages/dist");
    process.exitCode = 1;
  }
}

async function write(built) {
  await mkdir(DIST, { recursive: true });
  for (const name of (await committed()).keys()) {
    if (!built.has(name)) await rm(join(DIST, name));
  }
  for (const [name, bytes] of built) await writeFile(join(DIST, name), bytes);
  for (const [name, bytes] of built) {
    console.log(`${name.padEnd(14)} ${String(bytes.length).padStart(8)} B  ${gzipSync(bytes, { level: 9 }).length} B gzip`);
  }
}

const built = await build();
await (process.argv.includes("--check") ? check(built) : write(built));
