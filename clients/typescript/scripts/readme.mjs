// Writes the examples of README.md to test/generated/readme.ts, so that the compiler checks them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const blocks = [...readFileSync(here("../README.md"), "utf8").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, text]) => text);
if (!blocks.length) throw new Error("README.md has no examples");
const imports = [];
const examples = blocks.map((block, index) => {
  const body = block.replace(/^import (.*) from "crm-client(?:\/(\w+))?";\n/gm, (_, names, entry = "index") => {
    imports.push(`import ${names.replaceAll(/\b(\w+)\b/g, (name) => `${name} as ${name}_${index}`)} from "../../src/${entry}.js";`);
    const list = names.replaceAll(/[{} ]/g, "").split(",").filter(Boolean);
    return list.map((name) => `const ${name} = ${name}_${index};\n`).join("");
  });
  return `export const example${index} = async () => {\n${body}};\n`;
});
mkdirSync(here("../test/generated"), { recursive: true });
writeFileSync(here("../test/generated/readme.ts"), `// The examples of README.md; not to be edited.
${imports.join("\n")}
import type { Client } from "../../src/web.js";

declare const client: Client;
declare const [email, password, etag]: [string, string, string];
declare const path: { type: string; id: string };
declare const init: { params: { path: { type: string } }; body: { fields: {} } };
declare const show: (what: unknown) => void;
declare const mark: (pointer: string, message: string) => void;

${examples.join("\n")}`);
