// Opens ComfyUI's page in Chromium, for the scripts that drive it.
import { createRequire } from "node:module";

const { chromium } = createRequire(import.meta.url)("playwright-core");
const START_LIMIT_MS = 120_000;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--autoplay-policy=no-user-gesture-required",
];

/**
 * Call back with a page that has started, and close it afterwards.
 *
 * `job` has {url, chromium, vue}; `use` takes the page and the list of the console's messages, which
 * grows. `before` may prepare the page before it loads.
 */
export async function withPage(job, use, before = async () => {}) {
  const browser = await chromium.launch({ executablePath: job.chromium, args: FLAGS });
  try {
    const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
    const messages = [];
    const hear = (kind, text, url) => messages.push({ kind, text: text.slice(0, 400), url });
    page.on("console", (m) => hear(m.type(), m.text(), m.location().url));
    page.on("pageerror", (e) => hear("error", String(e), ""));
    await before(page);
    await page.request.post(`${job.url}/settings`, {
      data: {
        "Comfy.TutorialCompleted": true,
        "Comfy.VueNodes.Enabled": job.vue,
        "Comfy.Minimap.Visible": false,
      },
    });
    await openPage(page, job.url);
    return await use(page, messages);
  } finally {
    await browser.close();
  }
}

/** Load ComfyUI's page, or load it again if there is no URL, and wait until it has started. */
export async function openPage(page, url = null) {
  const options = { waitUntil: "domcontentloaded" };
  await (url ? page.goto(url, options) : page.reload(options));
  const ready = () => window.app?.graph && window.app?.extensionManager;
  await page.waitForFunction(ready, null, { timeout: START_LIMIT_MS });
  await page.waitForTimeout(1500);
  await page.keyboard.press("Escape");
}

/** Prepare a page in which the pack's script can't be loaded; for `before`. */
export function withoutScript(page) {
  return page.route("**/extensions/ComfyUI-MoDA/js/**", (route) => route.abort());
}
