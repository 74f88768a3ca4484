// What the expression editor asks for, and when, and how the pointer turns a head.
import assert from "node:assert/strict";
import test from "node:test";

import { latestOnly } from "../../web/js/expression/latest.js";
import { findSource, isLinked } from "../../web/js/expression/source.js";
import { keyMove, turned } from "../../web/js/expression/turning.js";

const settled = () => new Promise((resolve) => setTimeout(resolve));

function node(comfyClass, values = {}, links = {}) {
  const names = [...new Set([...Object.keys(links), ...Object.keys(values)])];
  return {
    comfyClass,
    widgets: Object.entries(values).map(([name, value]) => ({ name, value })),
    inputs: names.map((name) => ({ name, link: name in links ? 1 : null })),
    getInputNode: (slot) => links[names[slot]] ?? null,
  };
}

function expressionOf(loader, choice = {}, links = {}) {
  const values = { face_index: 0, face_order: "largest", points: "", box: "", ...choice };
  const identity = node("MoDAExtractIdentity", values, { image: loader, ...links });
  return node("MoDAExpression", { jaw: 0 }, { portrait: identity });
}

test("while one is on its way only the newest follows", async () => {
  const sent = [];
  const open = [];
  const send = latestOnly((value) => {
    sent.push(value);
    return new Promise((resolve) => open.push(resolve));
  });

  for (const value of [1, 2, 3, 4]) send(value);
  await settled();
  assert.deepEqual(sent, [1]);
  open.shift()();
  await settled();
  assert.deepEqual(sent, [1, 4]);
  open.shift()();
  await settled();
  send(5);
  assert.deepEqual(sent, [1, 4, 5]);
});

test("a value that counts as nothing is sent too", async () => {
  const sent = [];
  const send = latestOnly(async (value) => sent.push(value));
  send(1);
  send(null);
  await settled();
  assert.deepEqual(sent, [1, null]);
});

test("the picture of Load Image is found, with the choice of the face", () => {
  const editor = expressionOf(node("LoadImage", { image: "a/me.png" }), { face_index: 2 });
  assert.deepEqual(findSource(editor), {
    picture: { filename: "me.png", subfolder: "a", type: "input" },
    face: { face_index: 2, face_order: "largest", points: "", box: "" },
  });
});

test("the example is found, also behind reroutes", () => {
  const example = node("MoDAExample", { picture: "Grace Hopper" });
  const reroute = node("Reroute", {}, { "": node("Reroute", {}, { "": example }) });
  assert.deepEqual(findSource(expressionOf(reroute)).picture, { example: "Grace Hopper" });
});

test("where only a run can tell, nothing is found", () => {
  const loader = node("LoadImage", { image: "me.png" });
  assert.equal(findSource(node("MoDAExpression", { jaw: 0 })), null);
  assert.equal(findSource(expressionOf(node("ImageScale", { image: "me.png" }))), null);
  assert.equal(findSource(expressionOf(node("LoadImage"))), null);
  assert.equal(findSource(expressionOf(loader, {}, { mask: loader })), null);
  assert.equal(findSource(expressionOf(loader, {}, { points: loader })), null);
  const tracked = node("MoDATrackFace", {}, { image: loader });
  assert.equal(findSource(node("MoDAExpression", {}, { portrait: tracked })), null);
});

test("a link is told by its input's name", () => {
  const editor = expressionOf(node("LoadImage", { image: "me.png" }));
  assert.equal(isLinked(editor, "portrait"), true);
  assert.equal(isLinked(editor, "jaw"), false);
  assert.equal(isLinked(editor, "motion"), false);
});

test("a file of another folder is named as the host's view names it", () => {
  const named = (image) => findSource(expressionOf(node("LoadImage", { image }))).picture;
  assert.deepEqual(named("me.png [output]"), { filename: "me.png", type: "output" });
  const pasted = { filename: "me 1.png", type: "temp", subfolder: "clipspace" };
  assert.deepEqual(named("clipspace/me 1.png [temp]"), pasted);
});

const RANGES = {
  yaw: [-30, 30, 0.5],
  pitch: [-30, 30, 0.5],
  gaze_x: [-1, 1, 0.05],
  gaze_y: [-1, 1, 0.05],
};
const REST = { yaw: 0, pitch: 0, gaze_x: 0, gaze_y: 0, jaw: 0.5 };

test("a drag to the right turns the face to the right, and down lowers it", () => {
  assert.deepEqual(turned(REST, RANGES, [0.25, 0.1], false), { yaw: -15, pitch: 6 });
});

test("with Shift the eyes follow", () => {
  assert.deepEqual(turned(REST, RANGES, [0.25, 0.1], true), { gaze_x: 0.5, gaze_y: -0.2 });
});

test("values keep to their steps and ranges", () => {
  const far = turned({ ...REST, yaw: 20 }, RANGES, [-3, 0.0111], false);
  assert.deepEqual(far, { yaw: 30, pitch: 0.5 });
});

test("arrow keys move by a twentieth, other keys by nothing", () => {
  assert.deepEqual(keyMove("ArrowRight"), [0.05, 0]);
  assert.deepEqual(keyMove("ArrowUp"), [0, -0.05]);
  assert.equal(keyMove("a"), null);
  assert.equal(keyMove("constructor"), null);
});
