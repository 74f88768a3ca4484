// Drives the live page in Chromium, with a microphone that plays a file.
//   node live_page.mjs JOB.json
// The job: {url, chromium, microphone, speech, picture, prefix, cycles}. Prints one line of JSON:
// {problems, messages, figures}; figures are lists of milliseconds, see `live.py`.
import fs from "node:fs";
import { createRequire } from "node:module";

import {
  interruptions,
  listening,
  pausing,
  portraits,
  recordings,
  watch,
} from "./live_steps.mjs";

const { chromium } = createRequire(import.meta.url)("playwright-core");
const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const VIEWS = { wide: [1280, 820], narrow: [400, 860] };
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  `--use-file-for-fake-audio-capture=${job.microphone}`,
];

async function looks(page, name) {
  for (const [view, [width, height]] of Object.entries(VIEWS)) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const path = `${job.prefix}${name}-${view}-${colorScheme}.png`;
      await page.screenshot({ path, fullPage: true });
    }
  }
  const [width, height] = VIEWS.wide;
  await page.setViewportSize({ width, height });
}

const browser = await chromium.launch({ executablePath: job.chromium, args: FLAGS });
try {
  // The test's own worklet, which listens to what is played, comes from no address of the server.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  const messages = [];
  const hear = (kind, text) => messages.push(`${kind}: ${text.slice(0, 400)}`);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && hear(m.type(), m.text()));
  page.on("pageerror", (e) => hear("error", String(e)));
  await page.goto(job.url);
  await looks(page, "live-before");
  await page.click("#start");
  await page.waitForSelector("#microphone:enabled");
  await watch(page);

  const problems = [];
  const figures = {};
  Object.assign(figures, await recordings(page, job.speech));
  Object.assign(figures, await interruptions(page, job.speech));
  problems.push(...(await pausing(page, job.speech)));
  problems.push(...(await portraits(page, job.picture)));
  Object.assign(figures, await listening(page, job.cycles));
  await looks(page, "live-microphone");
  const notes = await page.locator("#notes p").allTextContents();
  problems.push(...notes.map((text) => `the page says: ${text}`));
  console.log(JSON.stringify({ problems, messages, figures }));
} finally {
  await browser.close();
}
