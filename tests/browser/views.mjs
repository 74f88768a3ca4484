// Uses the pack's own views in ComfyUI's page.
//   node views.mjs JOB.json
// The job: {url, chromium, vue, prefix}. Prints one line of JSON: {problems, messages}.
import fs from "node:fs";

import { faceProblems } from "./face_steps.mjs";
import { countCalls, idleProblems } from "./idle_steps.mjs";
import { withPage } from "./open_page.mjs";
import { scriptlessProblems, stageProblems } from "./stage_steps.mjs";

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

const report = await withPage(
  job,
  async (page, messages) => {
    const problems = [
      ...(await stageProblems(page, job.prefix)),
      ...(await idleProblems(page)),
      ...(await faceProblems(page, job.prefix)),
    ];
    return { problems, messages };
  },
  countCalls,
);
const block = (page) => page.route("**/extensions/ComfyUI-MoDA/js/**", (route) => route.abort());
report.problems.push(...(await withPage(job, scriptlessProblems, block)));
console.log(JSON.stringify(report));
