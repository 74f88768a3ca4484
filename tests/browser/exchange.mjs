// Saves a workflow in ComfyUI's page, or opens some that pages have saved.
//   node exchange.mjs JOB.json
// The job: {url, chromium, vue, prefix, workflows}: what to open, by name; without, one is saved.
// Prints one line of JSON: {workflow, problems, messages}.
import fs from "node:fs";

import { openedProblems, savedWorkflow } from "./exchange_steps.mjs";
import { withPage, withoutScript } from "./open_page.mjs";

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

async function save(page, messages) {
  return { workflow: await savedWorkflow(page), problems: [], messages };
}

const openAll = (hasScript) => async (page, messages) => {
  const problems = [];
  for (const [name, workflow] of Object.entries(job.workflows)) {
    const found = await openedProblems(page, workflow, hasScript);
    const place = `${name}${hasScript ? "" : ", without the pack's script"}`;
    problems.push(...found.map((line) => `${place}: ${line}`));
  }
  await page.screenshot({ path: `${job.prefix}opened${hasScript ? "" : "-scriptless"}.png` });
  return { problems, messages };
};

let report;
if (job.workflows) {
  report = await withPage(job, openAll(true));
  report.problems.push(...(await withPage(job, openAll(false), withoutScript)).problems);
} else report = await withPage(job, save);
console.log(JSON.stringify(report));
