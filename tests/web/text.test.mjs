// The page reads scripts and timelines as Python does, and says the same of mistakes.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

import { reading } from "./reading.mjs";

const cases = JSON.parse(fs.readFileSync(new URL("text_cases.json", import.meta.url), "utf8"));

for (const { kind, text, fps, ...expected } of cases) {
  test(`a ${kind} is read as Python reads it: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(reading({ kind, text, fps }), expected);
  });
}
