// Checks that the types match the documents that the server publishes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { start } from "./server.js";

const root = new URL("../../", import.meta.url);
const { CONSUMERS, VERSIONS, generate } = await import(new URL("scripts/generate.mjs", root).href) as {
  CONSUMERS: string[]; VERSIONS: { version: number; folder: string }[];
  generate: (document: unknown, consumer: string, up: string) => Promise<{ types: string; api: string }>;
};

let server: Awaited<ReturnType<typeof start>>;
before(async () => { server = await start(); });
after(async () => { await server?.stop(); });

for (const { version, folder } of VERSIONS) {
  for (const consumer of CONSUMERS) {
    test(`the types of ${consumer} in version ${version} are current`, async () => {
      const answer = await fetch(`${server.baseUrl}/openapi.json?version=${version}&consumer=${consumer}`);
      const { types, api } = await generate(await answer.json(), consumer, folder ? "../../" : "../");
      const written = (file: string) => readFileSync(new URL(`src/generated/${folder}${file}.ts`, root), "utf8");
      assert.equal(types, written(consumer));
      assert.equal(api, written(`${consumer}.api`));
    });
  }
}
