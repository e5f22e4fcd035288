// Checks every published document with the recommended rules of Redocly and Spectral. No rule is off:
// lint-exceptions.json lists each excepted place with its reason, and an exception that is not needed is an error.
//
//   node lint.mjs FOLDER      the folder that `contract publish` wrote
import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { promisify } from "node:util";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = process.argv[2];
const files = readdirSync(folder).filter((file) => file.endsWith(".json")).sort();
if (!files.length) throw new Error(`${folder} holds no documents`);
const excuses = JSON.parse(readFileSync(here("lint-exceptions.json"), "utf8"));

/** Runs a tool of node_modules; linters exit with 1 if they find something. */
const run = async (tool, args) => {
  const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true", NO_COLOR: "1" };
  const done = await promisify(execFile)(here(`node_modules/.bin/${tool}`), args, { env, maxBuffer: 64 << 20 })
    .catch((error) => { if (error.code === 1 || error.code === 2) return error; throw error; });
  const start = done.stdout.search(/[[{]/);
  if (start < 0) throw new Error(`${tool} says nothing: ${done.stderr}`);
  // For several files Redocly prints one JSON object after another.
  return done.stdout.slice(start).split(/(?<=^\})(?=\{$)/m).map((text) => JSON.parse(text));
};
const paths = files.map((file) => join(folder, file));
const name = (path) => files.find((file) => path.endsWith(`/${file}`) || path === file) ?? path;

const redocly = async () => {
  const answers = await run("redocly", ["lint", ...paths, "--config", here("redocly.yaml"), "--format=json", "--max-problems=10000"]);
  return answers.flatMap(({ problems }) => problems).map((problem) => ({
    tool: "redocly", file: name(problem.location[0].source.ref), rule: problem.ruleId,
    at: problem.location[0].pointer?.replace(/^#/, "") ?? "", message: problem.message,
  }));
};
const escape = (token) => String(token).replaceAll("~", "~0").replaceAll("/", "~1");
const spectral = async () => {
  const [found] = await run("spectral", ["lint", ...paths, "--ruleset", here("spectral.yaml"), "--format=json", "--quiet"]);
  return found.map((problem) => ({
    tool: "spectral", file: name(problem.source), rule: problem.code,
    at: problem.path.map((token) => `/${escape(token)}`).join(""), message: problem.message,
  }));
};

const documents = new Map(files.map((file) => [file, JSON.parse(readFileSync(join(folder, file), "utf8"))]));
const node = (file, pointer) => pointer.split("/").slice(1)
  .reduce((value, token) => value?.[token.replaceAll("~1", "/").replaceAll("~0", "~")], documents.get(file));
const excused = (problem) => excuses.find((excuse) =>
  excuse.tool === problem.tool && excuse.rule === problem.rule && new RegExp(excuse.at).test(problem.at)
  && (!excuse.has || node(problem.file, problem.at)?.[excuse.has] !== undefined));

const problems = (await Promise.all([redocly(), spectral()])).flat();
const used = new Set();
let failed = 0;
for (const problem of problems) {
  const excuse = excused(problem);
  if (excuse) { used.add(excuse); continue; }
  failed += 1;
  console.error(`${problem.file} ${problem.at}: ${problem.message} [${problem.tool} ${problem.rule}]`);
}
for (const excuse of excuses.filter((excuse) => !used.has(excuse))) {
  failed += 1;
  console.error(`lint-exceptions.json: ${excuse.tool} ${excuse.rule} at ${excuse.at} excuses nothing`);
}
console.log(`${files.length} documents, ${problems.length - failed} findings excused by ${used.size} reasons, ${failed} not`);
process.exit(failed ? 1 : 0);
