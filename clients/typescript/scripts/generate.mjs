// Writes src/generated: for each consumer the types of its part of the contract (by openapi-typescript) and the facts
// that the client needs at run time. The output is a build product and not committed.
//
//   node scripts/generate.mjs [FOLDER]      the output of `contract publish`; by default cargo runs it
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

export const CONSUMERS = ["web", "integrations", "mobile", "portal"];
/** The versions of the contract in the package, with the folder of each one's modules. */
export const VERSIONS = [{ version: 1, folder: "" }, { version: 2, folder: "v2/" }];
const METHODS = ["get", "post", "patch", "delete"];

const text = (value) => ts.factory.createLiteralTypeNode(ts.factory.createStringLiteral(value));
const keyword = (kind) => ts.factory.createKeywordTypeNode(kind);

/** An enumeration that may grow: the values known today are suggested, others are allowed. */
const open = (schema) => {
  const values = schema["x-extensible-enum"];
  if (!values) return undefined;
  const other = ts.factory.createIntersectionTypeNode([
    keyword(ts.SyntaxKind.StringKeyword), ts.factory.createTypeLiteralNode([]),
  ]);
  const nullable = Array.isArray(schema.type) && schema.type.includes("null");
  return ts.factory.createUnionTypeNode([
    ...values.map(text), other,
    ...(nullable ? [ts.factory.createLiteralTypeNode(ts.factory.createNull())] : []),
  ]);
};

const implied = { every: () => true, authenticated: (o) => o.security.length > 0, body: (o) => !!o.body, write: (o) => o.key, own: () => false, router: () => false };

/** The operations of a document, with the properties that are needed here. */
const operations = (document) => Object.entries(document.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => {
  const operation = item[method];
  const resolve = (node) => node.$ref ? node.$ref.slice(2).split("/").reduce((value, key) => value[key], document) : node;
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
  const facts = {
    key: parameters.some((parameter) => parameter.in === "header" && parameter.name === "Idempotency-Key"),
    security: operation.security ?? document.security ?? [],
    body: operation.requestBody,
  };
  const catalogue = Object.entries(document["x-error-codes"] ?? {});
  const codes = catalogue.filter(([code, { applies }]) => (operation["x-error-codes"] ?? []).includes(code) || implied[applies]?.(facts)).map(([code]) => code);
  const media = Object.entries(operation.responses).filter(([status]) => status < "3").flatMap(([, response]) => Object.keys(resolve(response).content ?? {}));
  return {
    path, method, codes,
    facts: {
      ...(facts.key && { key: true }),
      ...(facts.security.length === 0 && { open: true }),
      ...(media.some((type) => !type.includes("json")) && { text: true }),
    },
  };
}));

const api = (document, up) => {
  const all = operations(document);
  const vendor = document.info["x-media-type"];
  const version = parseInt(document.info.version, 10);
  const facts = Object.fromEntries(all.map(({ method, path, facts }) => [`${method.toUpperCase()} ${path}`, facts]));
  const paths = [...new Set(all.map(({ path }) => path))];
  const codes = paths.map((path) => {
    const methods = all.filter((operation) => operation.path === path)
      .map(({ method, codes }) => `${method}: ${codes.map((code) => JSON.stringify(code)).join(" | ") || "never"};`);
    return `  ${JSON.stringify(path)}: { ${methods.join(" ")} };`;
  });
  const types = Object.entries(document.components?.schemas ?? {}).filter(([, schema]) => schema["x-record-type"])
    .map(([name, schema]) => `  ${JSON.stringify(schema["x-record-type"])}: components["schemas"][${JSON.stringify(name)}];`);
  return [
    `import type { Api } from "${up}send.js";`,
    ...(types.length ? [`import type { components } from "./${document.consumer}.js";`] : []),
    "",
    "/** What the client has to know of the contract. */",
    `export const api: Api = ${JSON.stringify({ mediaType: `application/${vendor}.v${version}+json`, operations: facts }, null, 2)};`,
    "",
    "/** The error codes of each operation. */",
    "export interface codes {", ...codes, "}",
    "",
    "/** The fields of each built-in record type. */",
    `export interface RecordTypes {${types.length ? `\n${types.join("\n")}\n` : ""}}`,
    "",
  ].join("\n");
};

/** Adds to the description of deprecated things the dates and what to use instead. */
const told = (node) => {
  if (Array.isArray(node)) return node.map(told);
  if (node === null || typeof node !== "object") return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, key === "example" || key === "examples" ? value : told(value)]));
  if (node.deprecated !== true) return copy;
  const parts = [
    node["x-deprecated-at"] && `since ${node["x-deprecated-at"]}`,
    node["x-sunset"] && `gone from ${node["x-sunset"]} on`,
    node["x-replacement"] && `use ${node["x-replacement"]}`,
  ].filter(Boolean);
  return parts.length ? { ...copy, description: [node.description?.trim(), `Deprecated: ${parts.join("; ")}.`].filter(Boolean).join("\n\n") } : copy;
};

/** The two modules of a consumer's document. */
export const generate = async (document, consumer, up = "../") => {
  const types = await openapiTS(told(document), {
    transform: (schema) => open(schema),
    defaultNonNullable: false,
    silent: true,
  });
  const head = "// Generated from the contract; not to be edited.\n\n";
  return { types: head + astToString(types), api: head + api({ ...document, consumer }, up) };
};

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const main = async (folder) => {
  let made;
  if (!folder) {
    folder = made = mkdtempSync(join(tmpdir(), "crm-published-"));
    const publish = ["run", "--quiet", "-p", "crm-codegen", "--bin", "contract", "--", "publish", "spec/openapi.yaml", "--overlay", "spec/v2.overlay.yaml", "--out", folder];
    execFileSync("cargo", publish, { cwd: here("../../.."), stdio: "inherit" });
  }
  for (const { version, folder: into } of VERSIONS) {
    mkdirSync(here(`../src/generated/${into}`), { recursive: true });
    for (const consumer of CONSUMERS) {
      const document = JSON.parse(readFileSync(join(folder, `v${version}-${consumer}.json`), "utf8"));
      const modules = await generate(document, consumer, into ? "../../" : "../");
      writeFileSync(here(`../src/generated/${into}${consumer}.ts`), modules.types);
      writeFileSync(here(`../src/generated/${into}${consumer}.api.ts`), modules.api);
    }
  }
  if (made) rmSync(made, { recursive: true });
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
