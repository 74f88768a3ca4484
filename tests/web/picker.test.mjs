// The face picker: where things are in its view, and the text of the points.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

import {
  around,
  boxAround,
  clamped,
  faceAt,
  inPicture,
  isDrag,
  keyShift,
  onStage,
  placementOf,
} from "../../web/js/picker/geometry.js";
import { formatPoints, parsePoints, withPoint } from "../../web/js/picker/points_text.js";

const cases = JSON.parse(fs.readFileSync(new URL("points_cases.json", import.meta.url), "utf8"));
const NAMES = {
  point_names: ["left_eye", "right_eye", "left_mouth", "right_mouth", "upper_lip", "lower_lip"],
  extra_names: ["nose", "chin", "forehead", "brow_left", "brow_right", "jaw_left", "jaw_right"],
};
const FOUND = Object.fromEntries(
  [...NAMES.point_names, ...NAMES.extra_names].map((name, i) => [name, [10 * i, 10 * i + 1]]),
);

for (const { text, points } of cases) {
  test(`points are read as Python reads them: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parsePoints(text, NAMES), points);
  });
}

test("points are written to a tenth of a pixel, named ones last", () => {
  const text = formatPoints({ chin: [1.26, 2], left_eye: [3.04, 4], right_eye: [5, 6.95] }, NAMES);

  assert.equal(text, "3,4 5,7 chin:1.3,2");
  assert.deepEqual(parsePoints(formatPoints(FOUND, NAMES), NAMES), FOUND);
});

test("the first point that is moved gives eyes and corners of the mouth as they were found", () => {
  const text = withPoint("", "right_eye", [5, 6], FOUND, NAMES);

  assert.equal(text, "0,1 5,6 20,21 30,31");
});

test("a lip that is moved gives the other one too", () => {
  const text = withPoint("", "lower_lip", [5, 6], FOUND, NAMES);

  assert.equal(text, "0,1 10,11 20,21 30,31 40,41 5,6");
});

test("what the text gives stays where another point is moved", () => {
  const before = "1,2 3,4 5,6 7,8 chin:9,9";

  assert.equal(withPoint(before, "nose", [5, 5.5], FOUND, NAMES), "1,2 3,4 5,6 7,8 nose:5,5.5 chin:9,9");
  assert.equal(withPoint(before, "chin", [2, 3], {}, NAMES), "1,2 3,4 5,6 7,8 chin:2,3");
  assert.equal(withPoint(before, "left_eye", [2, 3], FOUND, NAMES), "2,3 3,4 5,6 7,8 chin:9,9");
});

test("a picture fills the stage on its longer side, in the middle", () => {
  const placement = placementOf({ x: 0, y: 0, width: 400, height: 100 }, { width: 200, height: 150 });

  assert.deepEqual(onStage([0, 0], placement), [0, 50]);
  assert.deepEqual(onStage([400, 100], placement), [200, 100]);
});

test("a place on the stage is brought back to the same point of the picture", () => {
  const placement = placementOf({ x: 30, y: 50, width: 80, height: 90 }, { width: 311, height: 207 });
  const [x, y] = inPicture(onStage([44.5, 61.25], placement), placement);

  assert.ok(Math.abs(x - 44.5) < 1e-9 && Math.abs(y - 61.25) < 1e-9);
});

test("a face that is shown alone has room around it, inside the picture", () => {
  const region = around([10, 100, 100, 80], [400, 190]);

  assert.ok(Object.values(region).every(Number.isInteger));
  assert.ok(region.x === 0 && region.y < 100 && region.y > 0);
  assert.ok(region.x + region.width > 110 && region.y + region.height === 190);
});

test("a box surrounds points", () => {
  assert.deepEqual(boxAround([[3, 9], [1, 4], [2, 5]]), [1, 4, 2, 5]);
});

test("points stay inside the picture, to a tenth of a pixel", () => {
  assert.deepEqual(clamped([-3, 12.345], [100, 50]), [0, 12.3]);
  assert.deepEqual(clamped([101, 60], [100, 50]), [100, 50]);
});

test("of faces whose boxes overlap the nearer one is at a point", () => {
  const faces = [{ box: [0, 0, 100, 100] }, { box: [60, 60, 60, 60] }];

  assert.equal(faceAt(faces, [95, 95]), 1);
  assert.equal(faceAt(faces, [50, 50]), 0);
  assert.equal(faceAt(faces, [200, 50]), -1);
});

test("a press that hardly moves is no drag", () => {
  assert.equal(isDrag([10, 10], [11, 11]), false);
  assert.equal(isDrag([10, 10], [14, 10]), true);
});

test("arrows shift by a pixel, with shift by ten", () => {
  assert.deepEqual(keyShift({ key: "ArrowLeft", shiftKey: false }), [-1, 0]);
  assert.deepEqual(keyShift({ key: "ArrowDown", shiftKey: true }), [0, 10]);
  assert.equal(keyShift({ key: "a", shiftKey: false }), null);
});
