// The colours of a motion's curves.
import assert from "node:assert/strict";
import test from "node:test";

import { colorsOn } from "../../web/js/preview/curves.js";

const CONTRAST = 3; // that lines and symbols need (WCAG 2, 1.4.11)

function luminance([red, green, blue]) {
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = [red, green, blue].map((value) => linear(value / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const channels = (color) => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));

for (const [theme, ground] of [
  ["dark", [34, 34, 34]],
  ["light", [201, 201, 201]],
  ["white", [255, 255, 255]],
]) {
  test(`each curve is seen on the ground of a ${theme} theme`, () => {
    const colors = colorsOn(`rgb(${ground.join(", ")})`);

    assert.equal(new Set(colors).size, 7);
    for (const color of colors) assert.ok(contrast(channels(color), ground) >= CONTRAST, color);
  });
}
