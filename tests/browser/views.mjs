// Uses the pack's own views in ComfyUI's page.
//   node views.mjs JOB.json
// The job: {url, chromium, vue, prefix}. Prints one line of JSON: {problems, messages, times}, the
// times in ms from the slider of an expression to its picture.
import fs from "node:fs";

import { faceProblems, sliderTimes } from "./face_steps.mjs";
import { countCalls, idleProblems } from "./idle_steps.mjs";
import { withPage, withoutScript } from "./open_page.mjs";
import { rerunProblems } from "./rerun_steps.mjs";
import { scriptlessReport, stageProblems } from "./stage_steps.mjs";

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

const report = await withPage(
  job,
  async (page, messages) => {
    const problems = [
      ...(await stageProblems(page, job.prefix)),
      ...(await idleProblems(page)),
      ...(await faceProblems(page, job.prefix)),
    ];
    const times = await sliderTimes(page);
    problems.push(...(await rerunProblems(page)));
    return { problems, messages, times };
  },
  countCalls,
);
// What the page also says without the pack's script is the page's own.
const without = await withPage(job, scriptlessReport, withoutScript);
report.problems.push(...without.problems);
const own = new Set(without.messages.map((message) => message.text));
report.messages = report.messages.filter((message) => !own.has(message.text));
console.log(JSON.stringify(report));
