// The suite under Node.
import { after, before, test } from "node:test";

import { start } from "./server.js";
import { SUITE } from "./suite.js";

let server: Awaited<ReturnType<typeof start>>;
before(async () => { server = await start(); });
after(async () => { await server?.stop(); });

for (const { name, run } of SUITE) test(name, () => run(server));
