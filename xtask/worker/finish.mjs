// Makes a Worker from the output of wasm-bindgen: shrinks the module and bundles the JavaScript into one file.
//
//   node finish.mjs FROM TO [Durable Object class ...]
//
// TO then holds index.js and index_bg.wasm. Says {"raw", "gzip", "wasm"}, in bytes.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const [from, to, ...classes] = process.argv.slice(2);
const here = import.meta.dirname;
// A folder for this process only, since two builds may run at once.
const staging = `${to}.${process.pid}`;
mkdirSync(staging, { recursive: true });

// Only the features that rustc emits for this target and that wasm-bindgen adds: workerd may not support the newest encodings yet.
const features = [
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "bulk-memory",
  "multivalue",
  "reference-types",
  "exception-handling",
];
const optimizer = join(dirname(createRequire(import.meta.url).resolve("binaryen/package.json")), "bin/wasm-opt");
const wasm = join(staging, "index_bg.wasm");
const optimized = spawnSync(
  process.execPath,
  [optimizer, "-O1", ...features.map((name) => `--enable-${name}`), join(from, "index_bg.wasm"), "-o", wasm],
  { stdio: ["ignore", "inherit", "inherit"] },
);
if (optimized.status !== 0) process.exit(1);

const shim = join(from, "shim.js");
copyFileSync(join(here, "shim.js"), shim);
const objects = classes.map((name) => `export const ${name} = durable(module.${name});\n`);
writeFileSync(shim, readFileSync(shim, "utf8") + objects.join(""));
const script = join(staging, "index.js");
await build({
  entryPoints: [shim],
  outfile: script,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2023",
  supported: { "import-source": true },
  external: ["./index_bg.wasm", "cloudflare:*"],
  logLevel: "warning",
});
// wrangler recognises a wasm module by its name and does not support source phase imports yet.
writeFileSync(script, readFileSync(script, "utf8").replace("import source ", "import "));

const files = [script, wasm].map((path) => readFileSync(path));
const sum = (sizes) => sizes.reduce((a, b) => a + b, 0);
console.log(
  JSON.stringify({
    raw: sum(files.map((file) => file.length)),
    gzip: sum(files.map((file) => gzipSync(file, { level: 9 }).length)),
    wasm: files[1].length,
  }),
);
rmSync(to, { recursive: true, force: true });
renameSync(staging, to);
