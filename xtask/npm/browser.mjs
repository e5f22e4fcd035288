// A headless Chromium for the checks: Debian's, or the one that CHROMIUM names.
import { chromium } from "playwright-core";

/** Starts the browser. Nothing of it calls home: the machines that check have no way out. */
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
