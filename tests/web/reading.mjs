// What the page reads of a text, in the form of `tests/web/text_cases.py`.
import { parseScript } from "../../web/js/text/script.js";
import { parseTimeline } from "../../web/js/text/timeline.js";
import { grammar } from "./grammar.mjs";

const rounded = (value) => (Number.isFinite(value) ? Number(value.toFixed(5)) : null);

function emotion({ time, parts, intensity }) {
  const total = parts.reduce((sum, part) => sum + part.amount, 0);
  const weights = {};
  for (const { label, amount } of parts) {
    const share = total > 0 ? amount / total : 1 / parts.length;
    if (share > 0) weights[label] = (weights[label] ?? 0) + share;
  }
  for (const label of Object.keys(weights)) weights[label] = rounded(weights[label]);
  return [rounded(time), weights, rounded(intensity)];
}

function action({ time, action: name, numbers, repeats, duration }) {
  return [rounded(time), name, [...numbers, ...(repeats ? [repeats] : [])], rounded(duration)];
}

/** Return {entries} or {error}, as Python's `reading`. */
export function reading({ kind, text, fps }) {
  const read = kind === "script" ? parseScript : parseTimeline;
  const { entries, errors } = read(text, grammar, fps);
  if (errors.length) return { error: errors[0].message };
  const inOrder = [...entries].sort((a, b) => a.time - b.time);
  if (kind === "timeline") {
    const keys = entries.map(emotion);
    if (!keys.length || keys[0][0] > 0) keys.unshift([0, { none: 1 }, 1]);
    return { entries: keys };
  }
  const actions = inOrder.filter((entry) => entry.kind === "action").map(action);
  const emotions = inOrder.filter((entry) => entry.kind === "emotion");
  const shown = emotions.map((entry) => [...emotion(entry), rounded(entry.duration)]);
  return { entries: [...actions, ...shown] };
}
