// The native server on a free port, with a business in a temporary data folder.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** The program that `CRM` names, else that of this repository, built if it is not up to date. */
const program = (): string => {
  if (process.env.CRM) return process.env.CRM;
  execFileSync("cargo", ["build", "--quiet", "-p", "crm"], { cwd: root, stdio: "inherit" });
  return join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/crm");
};

const freePort = () => new Promise<number>((resolve, reject) => {
  const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")));
  });
});

export const start = async (origin?: string) => {
  const crm = program();
  const data = mkdtempSync(join(tmpdir(), "crm-client-"));
  const run = (args: string[], input = "") =>
    execFileSync(crm, [...args, "--data", data], { input, stdio: ["pipe", "pipe", "ignore"] }).toString();
  const tenant = run(["tenant", "create", "Alder & Finch Plumbing"]).split(/\s/)[0] ?? "";
  const owner = { email: "dana@alderfinch.example", password: "copper-elbow-22-mm" };
  run(["user", "create", "--tenant", tenant, "--email", owner.email, "--name", "Dana Alder", "--role", "owner", "--password-stdin"], owner.password);
  const address = `127.0.0.1:${await freePort()}`;
  const server = spawn(crm, ["serve", "--addr", address, "--data", data, ...(origin ? ["--allow-origin", origin] : [])], { stdio: "ignore" });
  const baseUrl = `http://${address}`;
  for (let tries = 0; ; tries += 1) {
    if (await fetch(`${baseUrl}/health`).then((answer) => answer.ok, () => false)) break;
    if (tries > 200 || server.exitCode !== null) throw new Error("the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = async () => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return { baseUrl, ...owner, called: new Set<string>(), stop };
};
