// Edits change what they say, and nothing else: comments, and lines that can't be read, stay.
import assert from "node:assert/strict";
import test from "node:test";

import * as edits from "../../web/js/text/edits.js";
import { parseScript } from "../../web/js/text/script.js";
import { parseTimeline } from "../../web/js/text/timeline.js";
import { grammar } from "./grammar.mjs";

const FPS = 25;
const script = (text) => parseScript(text, grammar, FPS);
const timeline = (text) => parseTimeline(text, grammar, FPS);
const entryAt = (parse, { text, at }) => parse(text).entries.find((each) => each.span[0] === at);

const EDITS = [
  ["a time", script, "[1 nod] # yes", (t, [e]) => edits.withTime(t, e, 2.5, script, FPS), "[2.5 nod] # yes"],
  ["a frame", script, "[25f nod]", (t, [e]) => edits.withTime(t, e, 2, script, FPS), "[50f nod]"],
  ["a unit", script, "[1.5 sec nod]", (t, [e]) => edits.withTime(t, e, 2, script, FPS), "[2 sec nod]"],
  ["a time below 0", script, "[1 nod]", (t, [e]) => edits.withTime(t, e, -3, script, FPS), "[0 nod]"],
  ["a new duration", script, "[1 turn left 5 deg]", (t, [e]) => edits.withDuration(t, e, 3, FPS), "[1 turn left 5 deg for 3]"],
  ["a duration", script, "[1 nod for 2 s]", (t, [e]) => edits.withDuration(t, e, 0.5, FPS), "[1 nod for 0.5 s]"],
  ["a duration before blanks", script, "[1 nod  ]", (t, [e]) => edits.withDuration(t, e, 3, FPS), "[1 nod for 3  ]"],
  ["an amount", script, "[1 smile 0.6 for 2]", (t, [e]) => edits.withNumber(t, e, 0, 1.234), "[1 smile 1.23 for 2]"],
  ["a new amount", script, "[1 smile for 2]", (t, [e]) => edits.withNumber(t, e, 0, 1), "[1 smile 1 for 2]"],
  ["the second number", script, "[1 look at 0.5, -1]", (t, [e]) => edits.withNumber(t, e, 1, 0.5), "[1 look at 0.5, 0.5]"],
  ["repeats", script, "[1 nod twice]", (t, [e]) => edits.withRepeats(t, e, 3), "[1 nod 3 times]"],
  ["new repeats", script, "[1 nod 5 for 2]", (t, [e]) => edits.withRepeats(t, e, 1), "[1 nod 5 1 time for 2]"],
  ["an intensity", timeline, "0 sad 1, 2 joy", (t, [, e]) => edits.withIntensity(t, e, 0.5), "0 sad 1, 2 joy 0.5"],
  ["the intensity of a blend", timeline, "0 sad 0.4 + fear 0.4", (t, [e]) => edits.withIntensity(t, e, 0.4), "0 sadness 0.2 + fear 0.2"],
  ["an emotion", script, "[1 sad 0.5 for 2]", (t, [e]) => edits.withEmotion(t, e, "fear"), "[1 fear 0.5 for 2]"],
  ["the first out", timeline, "0 sad, 1 joy", (t, [e]) => edits.without(t, e), "1 joy"],
  ["the last out", timeline, "0 sad, 1 joy # end", (t, [, e]) => edits.without(t, e), "0 sad # end"],
  ["a line out", script, "# a\n  [1 nod]\n[2 wink left]\n", (t, [e]) => edits.without(t, e), "# a\n[2 wink left]\n"],
  ["the only one out", script, "[1 nod]\n", (t, [e]) => edits.without(t, e), "# nothing yet"],
  ["one into nothing", script, "# nothing yet", (t) => edits.inserted(t, "[2 nod]", 2, script), "[2 nod]"],
  ["one below comments", timeline, "# mine\n\n", (t) => edits.inserted(t, "2 joy", 2, timeline), "# mine\n2 joy"],
  ["one between", timeline, "0 sad, 4 joy", (t) => edits.inserted(t, "2 fear", 2, timeline), "0 sad, 2 fear, 4 joy"],
  ["one before all", script, "[2 nod]\n[3 blink]", (t) => edits.inserted(t, "[1 smile]", 1, script), "[1 smile]\n[2 nod]\n[3 blink]"],
  ["one on a line", script, "[2 nod]\n[3 blink]\n", (t) => edits.inserted(t, "[4 smile]", 4, script), "[2 nod]\n[3 blink]\n[4 smile]\n"],
  ["a key past another", timeline, "0 sad, 1 joy, 2 fear", (t, [, e]) => edits.withTime(t, e, 3, timeline, FPS), "0 sad, 2 fear, 3 joy"],
  ["a key to the front", timeline, "1 sad\n2 joy 0.5\n", (t, [, e]) => edits.withTime(t, e, 0.5, timeline, FPS), "0.5 joy 0.5\n1 sad\n"],
];

for (const [name, parse, text, edit, expected] of EDITS) {
  test(`${name}: ${JSON.stringify(text)}`, () => {
    const done = edit(text, parse(text).entries);
    assert.equal(done.text, expected);
    if (expected !== "# nothing yet") assert.deepEqual(parse(expected).errors, []);
  });
}

// A generator of random numbers with a seed, so that a failure can be repeated.
function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

const FOREIGN = ["# a comment, with commas", "2 smiel in words", "   ## [1 nod]", "? 3 joy ?"];

function startOf(parse) {
  const known =
    parse === script
      ? ["[1 nod]", "[2.0 smile 0.6] [50f look at 0.2, 0.3 for 1]", "[3 sad for 2]"]
      : ["0 neutral", "1.5 sad 0.3 + joy, 2 fear", "62f surprise"];
  const lines = [];
  known.forEach((line, index) => lines.push(FOREIGN[index], line));
  return [...lines, FOREIGN.at(-1)].join("\n");
}

function randomEdit(text, parse, chance) {
  const { entries } = parse(text);
  const seconds = Math.round(chance() * 500) / 100;
  const label = grammar.emotions[Math.floor(chance() * grammar.emotions.length)];
  const part = parse === script ? `[${seconds} ${label} for 1]` : `${seconds} ${label} 0.5`;
  const entry = entries[Math.floor(chance() * entries.length)];
  const kind = Math.floor(chance() * 5);
  if (!entry || kind === 0) return edits.inserted(text, part, seconds, parse);
  if (kind === 1 && entries.length > 4) return edits.without(text, entry);
  if (kind === 2 && parse === script) return edits.withDuration(text, entry, 0.5 + seconds, FPS);
  if (kind === 3 && entry.kind === "emotion") return edits.withIntensity(text, entry, chance() * 2);
  if (kind === 3 && entry.numbers?.length) return edits.withNumber(text, entry, 0, chance());
  return edits.withTime(text, entry, seconds, parse, FPS);
}

for (const [name, parse] of [["scripts", script], ["timelines", timeline]]) {
  test(`1,000 edits of ${name} lose no line that can't be read, and add no mistake`, () => {
    const chance = chanceOf(5);
    let text = startOf(parse);
    const mistakes = parse(text).errors.length;
    for (let count = 0; count < 1000; count += 1) {
      const before = text;
      const entries = parse(text).entries.length;
      const done = randomEdit(text, parse, chance);
      text = done.text;
      for (const line of FOREIGN) assert.ok(text.includes(line), `${before}\n----\n${text}`);
      const now = parse(text);
      assert.equal(now.errors.length, mistakes, `${before}\n----\n${text}`);
      assert.ok(Math.abs(now.entries.length - entries) <= 1, `${before}\n----\n${text}`);
    }
  });
}

test("an edit says where its entry begins", () => {
  for (const parse of [script, timeline]) {
    const chance = chanceOf(9);
    let text = startOf(parse);
    for (let count = 0; count < 200; count += 1) {
      const number = parse(text).entries.length;
      const done = randomEdit(text, parse, chance);
      text = done.text;
      if (parse(text).entries.length >= number) assert.ok(entryAt(parse, done), text);
    }
  }
});
