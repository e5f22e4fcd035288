// A headless Chromium for the checks: Debian's, or the one that CHROMIUM names.
import { chromium } from "playwright-core";

/** Starts the browser, without its background requests: machines that run checks may have no internet access. */
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
