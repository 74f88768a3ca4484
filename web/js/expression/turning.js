// How movements of the pointer, and arrow keys, turn the head or the eyes.

const HEAD = { across: "yaw", down: "pitch", signs: [-1, 1] }; // + yaw turns to the left
const EYES = { across: "gaze_x", down: "gaze_y", signs: [1, -1] };
const KEY_SHARE = 0.05; // of a range that a key moves through
const KEYS = new Map([
  ["ArrowLeft", [-KEY_SHARE, 0]],
  ["ArrowRight", [KEY_SHARE, 0]],
  ["ArrowUp", [0, -KEY_SHARE]],
  ["ArrowDown", [0, KEY_SHARE]],
]);

/**
 * Return the values after a movement, by name.
 *
 * `moved` holds the shares of the picture to the right and down: all of it goes through a range.
 * `start` has the values before it, `ranges` [lowest, highest, step] by name.
 */
export function turned(start, ranges, moved, eyes) {
  const { across, down, signs } = eyes ? EYES : HEAD;
  const values = {};
  [across, down].forEach((name, axis) => {
    const [low, high, step] = ranges[name];
    const value = start[name] + signs[axis] * moved[axis] * (high - low);
    values[name] = Math.min(high, Math.max(low, rounded(value, step)));
  });
  return values;
}

/** Return the movement of an arrow key, null for other keys. */
export function keyMove(key) {
  return KEYS.get(key) ?? null;
}

function rounded(value, step) {
  return Number((Math.round(value / step) * step).toFixed(4));
}
