// Where entries lie on the stage, and what they snap to.
import assert from "node:assert/strict";
import test from "node:test";

import * as layout from "../../web/js/stage/layout.js";
import { parseScript } from "../../web/js/text/script.js";
import { parseTimeline } from "../../web/js/text/timeline.js";
import { grammar } from "./grammar.mjs";

const script = (text) => parseScript(text, grammar, 25).entries;

test("each entry is in the lane of what it moves, in a row where it is alone", () => {
  const entries = script("[1 nod] [1 smile] [1.5 frown] [2 sad for 1] [4 wink left] [1 look up]");
  const lanes = layout.layOut(entries, grammar, grammar.lanes, 10);
  const found = lanes.map(({ name, rows, blocks }) => [name, rows, blocks.map((b) => b.label)]);
  assert.deepEqual(found, [
    ["emotion", 1, ["sadness"]],
    ["head", 1, []],
    ["eyes", 1, ["wink left", "look up"]],
    ["mouth", 2, ["smile", "frown"]],
    ["gestures", 1, ["nod"]],
  ]);
});

test("an emotion without a duration lasts until the next one, the last one to the end", () => {
  const { entries } = parseTimeline("0 neutral, 2.5 joy, 4 sad", grammar, 25);
  assert.deepEqual(
    entries.map((entry) => layout.endOf(entry, entries, 9)),
    [2.5, 4, 9],
  );
});

test("the stage is as long as the speech and all that is written", () => {
  assert.equal(layout.stageSeconds([], null), 5);
  assert.equal(layout.stageSeconds([], 12.5), 12.5);
  assert.equal(layout.stageSeconds(script("[20 nod for 2]"), 12.5), 22);
  assert.equal(layout.stageSeconds(script("[20 nod for 2]"), null), 23);
});

test("a time snaps to a near point, else to a frame", () => {
  assert.equal(layout.snapped(1.03, [1, 3], 100, 25), 1);
  assert.equal(layout.snapped(1.07, [1, 3], 100, 25), 1.08);
  assert.equal(layout.snapped(1.03, [], 100, 25), 1.04);
  assert.equal(layout.snapped(-0.4, [], 100, 25), 0);
});

test("pauses are long quiet parts, also at the end", () => {
  const peaks = [0, 0, 0, 1, 1, 0, 1, 0.01, 0.02, 0.03];
  const pauses = layout.pausesOf(peaks, 1).map((pause) => pause.map((edge) => edge.toFixed(2)));
  assert.deepEqual(pauses, [["0.00", "0.30"], ["0.70", "1.00"]]);
  assert.deepEqual(layout.pausesOf([1, 1], 1), []);
});

test("marks of the ruler are never closer than their labels", () => {
  for (const pxPerS of [2, 20, 60, 200, 600]) assert.ok(layout.rulerStep(pxPerS) * pxPerS >= 56);
});

test("the outline of a block is as high as its amount", () => {
  const top = (text) => {
    const path = layout.outline({ entry: script(text)[0], start: 1, end: 3 }, grammar);
    return Number(/[LQ] \S+ (\S+)/.exec(path)[1]);
  };
  assert.ok(top("[1 smile 1.5]") < top("[1 smile 0.5]"));
  assert.ok(top("[1 nod 20]") < top("[1 nod 10]"));
  assert.equal(top("[1 wink left]"), 0);
});

test("amounts are those that the text may hold", () => {
  const [smile, turn, wink, sad] = script("[1 smile] [1 turn left 5] [1 wink left] [1 sad 2]");
  assert.deepEqual(layout.amountOf(smile, grammar), { name: "amount", value: 0.8, lowest: 0, highest: 1.5 });
  assert.equal(layout.amountOf(turn, grammar).highest, 45);
  assert.equal(layout.amountOf(wink, grammar), null);
  assert.equal(layout.amountOf(sad, grammar).value, 2);
});
