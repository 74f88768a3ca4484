// Where the entries of a text lie on the stage: lanes, rows, blocks, and what they snap to.

const SNAP_PX = 6;
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300];
const LEAST_STEP_PX = 56;
const QUIET = 0.06; // of the loudest peak
const SHORTEST_PAUSE_S = 0.2;
const LEAST_S = 5; // of an empty stage
const AFTER_S = 1; // behind the last entry, where there is no speech

/** Return the lane of an entry. */
export function laneOf(entry, grammar) {
  return entry.kind === "emotion" ? "emotion" : grammar.actions[entry.action].lane;
}

/** Return the emotion that an entry shows most. */
export function mainEmotion(entry) {
  return entry.parts.reduce((best, part) => (part.amount > best.amount ? part : best)).label;
}

/** Return when an entry ends; without a duration an emotion lasts until the next one. */
export function endOf(entry, entries, end) {
  const ends = entry.time + (entry.duration ?? Infinity);
  if (Number.isFinite(ends)) return ends;
  const later = entries.filter((other) => other.kind === "emotion" && other.time > entry.time);
  return Math.max(entry.time, Math.min(end, ...later.map((other) => other.time)));
}

/** Return the seconds that the stage shows, for a speech that lasts `speech` seconds, or none. */
export function stageSeconds(entries, speech) {
  const ends = entries.map((entry) => {
    const duration = Number.isFinite(entry.duration) ? entry.duration : AFTER_S;
    return entry.time + duration;
  });
  return Math.max(LEAST_S, speech ?? 0, ...ends.map((end) => end + (speech ? 0 : AFTER_S)));
}

/** Return the value that is dragged up and down, {name, value, lowest, highest}, or null. */
export function amountOf(entry, grammar) {
  if (entry.kind === "emotion") {
    return { name: "intensity", value: entry.intensity, lowest: 0, highest: grammar.max_intensity };
  }
  const numbers = grammar.actions[entry.action].numbers;
  if (!numbers.length) return null;
  const [name, lowest, highest] = numbers[0];
  return { name: name.replace(/^the /, ""), value: entry.numbers[0], lowest, highest };
}

/** Return the lanes, each {name, rows, blocks}; a block is {entry, row, start, end, label, color}. */
export function layOut(entries, grammar, names, end) {
  return names.map((name) => {
    const own = entries.filter((entry) => laneOf(entry, grammar) === name);
    const blocks = own.map((entry) => ({
      entry,
      start: entry.time,
      end: endOf(entry, entries, end),
      ...looks(entry, grammar, name),
    }));
    return { name, blocks, rows: giveRows(blocks) };
  });
}

function looks(entry, grammar, lane) {
  if (entry.kind === "action") return { label: entry.action, color: grammar.colors[lane] };
  const label = entry.parts.map((part) => part.label).join(" + ");
  return { label, color: grammar.colors[mainEmotion(entry)] };
}

/** Put blocks that overlap into rows; returns how many there are. */
function giveRows(blocks) {
  const ends = [];
  for (const block of [...blocks].sort((a, b) => a.start - b.start)) {
    const free = ends.findIndex((end) => end <= block.start + 1e-6);
    block.row = free < 0 ? ends.length : free;
    ends[block.row] = block.end;
  }
  return Math.max(1, ends.length);
}

/** Return a time on a frame, or on one of the points if it is within a few pixels. */
export function snapped(seconds, points, pxPerS, fps) {
  const nearest = points.reduce(
    (best, point) => (Math.abs(point - seconds) < Math.abs(best - seconds) ? point : best),
    Infinity,
  );
  if (Math.abs(nearest - seconds) * pxPerS <= SNAP_PX) return nearest;
  return Math.max(0, Math.round(seconds * fps) / fps);
}

/** Return the seconds between the marks of a ruler. */
export function rulerStep(pxPerS) {
  return STEPS_S.find((step) => step * pxPerS >= LEAST_STEP_PX) ?? STEPS_S.at(-1);
}

/** Return the pauses of a speech, [start, end] in seconds, from peaks of equal length. */
export function pausesOf(peaks, seconds) {
  const limit = QUIET * Math.max(...peaks, 1e-6);
  const length = seconds / peaks.length;
  const pauses = [];
  let start = null;
  [...peaks, Infinity].forEach((peak, index) => {
    if (peak < limit) start ??= index;
    else if (start !== null) {
      if ((index - start) * length >= SHORTEST_PAUSE_S) pauses.push([start * length, index * length]);
      start = null;
    }
  });
  return pauses;
}

/** Return the outline of a block in a square of 100, as the path of an SVG: how much, over time. */
export function outline(block, grammar) {
  const { entry, start, end } = block;
  const amount = amountOf(entry, grammar);
  const share = amount ? (amount.value - amount.lowest) / (amount.highest - amount.lowest || 1) : 1;
  const top = 100 - 100 * Math.max(0.06, Math.min(1, share));
  const word = entry.kind === "action" ? grammar.actions[entry.action] : { ease_s: 0.2 };
  if (!word.ease_s) {
    const waves = Math.max(1, entry.repeats);
    const step = 100 / waves;
    const wave = (i) => `Q ${step * (i + 0.5)} ${2 * top - 100} ${step * (i + 1)} 100`;
    return `M 0 100 ${Array.from({ length: waves }, (_, i) => wave(i)).join(" ")} Z`;
  }
  const ease = 100 * Math.min(0.5, word.ease_s / Math.max(end - start, 1e-6));
  return (
    `M 0 100 C ${ease / 2} 100 ${ease / 2} ${top} ${ease} ${top} L ${100 - ease} ${top} ` +
    `C ${100 - ease / 2} ${top} ${100 - ease / 2} 100 100 100 Z`
  );
}
