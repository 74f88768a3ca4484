// What the pointer and the keys do to the blocks of a stage.
import { placeOn } from "../elements.js";
import * as edits from "../text/edits.js";
import { amountOf, snapped } from "./layout.js";

const STILL_PX = 3; // up to which a press is no drag
const EDGE_PX = 8; // at the end of a block, where it is stretched
const RANGE_PX = 90; // up and down, of the whole range of an amount
const KEY_STEPS = 20; // of an amount, from its lowest to its highest

/**
 * Connect the lanes to a stage.
 *
 * `stage` gives `document` ({text, entries}), `parse`, `fps`, `pxPerS`, `grammar`, `points` and
 * `select(at)`, `write({text, at})`, `commit()`, `choose(lane, word)`, `add(lane, seconds)`,
 * `seek(seconds)`.
 */
export function connectLanes(track, stage, signal) {
  const listen = (kind, call) => track.addEventListener(kind, call, { signal });
  listen("pointerdown", (event) => press(event, track, stage, signal));
  listen("dblclick", (event) => {
    const lane = event.target.closest(".moda-lane");
    if (!lane || event.target.closest(".moda-block")) return;
    stage.add(lane.dataset.lane, timeAt(track, event, stage));
  });
  listen("keydown", (event) => pressKey(event, stage));
  listen("focusin", (event) => {
    const block = event.target.closest(".moda-block");
    if (block) stage.select(Number(block.dataset.at));
  });
}

function timeAt(track, event, { pxPerS, points, fps }) {
  const seconds = Math.max(0, placeOn(track, event).x / pxPerS);
  return snapped(seconds, event.ctrlKey ? [] : points, pxPerS, fps);
}

function entryOf(element, { document: { entries } }) {
  return entries.find((entry) => entry.span[0] === Number(element.dataset.at));
}

function press(event, track, stage, signal) {
  if (event.button !== 0) return;
  const block = event.target.closest(".moda-block");
  if (!block) {
    stage.select(null);
    stage.seek(timeAt(track, event, stage));
    return;
  }
  const entry = entryOf(block, stage);
  stage.select(entry.span[0]);
  const box = block.getBoundingClientRect();
  const scale = box.width / block.offsetWidth || 1;
  const atEdge = box.right - event.clientX < Math.min(EDGE_PX * scale, box.width / 3);
  const kind = atEdge && Number.isFinite(entry.duration) ? "stretch" : event.altKey ? "copy" : null;
  drag(event, track, stage, { entry, kind, scale }, signal);
}

/** Follow the pointer until it is released; the text is made anew from that at the start. */
function drag(event, track, stage, { entry, kind: chosen, scale }, signal) {
  const { text } = stage.document;
  const [x, y] = [event.clientX, event.clientY];
  const ended = new AbortController();
  const options = { signal: AbortSignal.any([signal, ended.signal]) };
  let kind = chosen;
  track.setPointerCapture(event.pointerId);
  const move = (moved) => {
    const across = (moved.clientX - x) / scale;
    const up = (y - moved.clientY) / scale;
    if (!kind || kind === "copy") {
      if (Math.hypot(across, up) < STILL_PX) return;
      kind ??= Math.abs(across) >= Math.abs(up) ? "move" : "amount";
    }
    stage.write(dragged(text, entry, kind, across, up, stage, moved.ctrlKey));
  };
  const end = () => {
    ended.abort();
    if (kind) stage.commit();
  };
  track.addEventListener("pointermove", move, options);
  track.addEventListener("pointerup", end, options);
  track.addEventListener("pointercancel", end, options);
}

function dragged(text, entry, kind, across, up, stage, isFree) {
  const { pxPerS, fps, parse, grammar } = stage;
  const points = isFree ? [] : stage.points.filter((point) => point !== entry.time);
  const shift = across / pxPerS;
  if (kind === "stretch") {
    const end = snapped(entry.time + entry.duration + shift, points, pxPerS, fps);
    return stretched(text, entry, end - entry.time, stage);
  }
  if (kind === "amount") return raised(text, entry, up / RANGE_PX, grammar);
  const seconds = snapped(Math.max(0, entry.time + shift), points, pxPerS, fps);
  if (kind === "move") return edits.withTime(text, entry, seconds, parse, fps);
  return copied(text, entry, seconds, stage);
}

/** Write the end of an entry, within what the text may say. */
export function stretched(text, entry, seconds, { grammar, fps }) {
  const word = entry.kind === "action" ? grammar.actions[entry.action] : { ease_s: 1 };
  const longest = word.ease_s ? grammar.longest_s : grammar.longest_gesture_s;
  const duration = Math.min(longest, Math.max(grammar.shortest_s, seconds));
  return edits.withDuration(text, entry, duration, fps);
}

/** Write an amount that is higher by a share of its range. */
export function raised(text, entry, share, grammar) {
  const amount = amountOf(entry, grammar);
  if (!amount) return { text, at: entry.span[0] };
  const { value, lowest, highest } = amount;
  const step = highest > 10 ? 0.5 : 0.05;
  const raw = value + share * (highest - lowest);
  const rounded = Math.round(raw / step) * step;
  return withAmount(text, entry, Math.min(highest, Math.max(lowest, rounded)));
}

/** Write the amount of an entry. */
export function withAmount(text, entry, value) {
  if (entry.kind === "emotion") return edits.withIntensity(text, entry, value);
  return edits.withNumber(text, entry, 0, value);
}

/** Put a copy of an entry at a time. */
export function copied(text, entry, seconds, { parse }) {
  const [start, end] = entry.span;
  const rest = text.slice(entry.timeSpan[1], end);
  const part = text.slice(start, entry.timeSpan[0]) + edits.written(seconds) + rest;
  return edits.inserted(text, part, seconds, parse);
}

function pressKey(event, stage) {
  const block = event.target.closest(".moda-block");
  const entry = block && entryOf(block, stage);
  if (!entry || event.ctrlKey || event.metaKey) return;
  const { text } = stage.document;
  const frames = (event.shiftKey ? 10 : 1) / stage.fps;
  const sideways = { ArrowLeft: -frames, ArrowRight: frames }[event.key];
  const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  let done = null;
  if (sideways && event.altKey) {
    if (!Number.isFinite(entry.duration)) return;
    done = stretched(text, entry, entry.duration + sideways, stage);
  } else if (sideways) {
    const seconds = Math.max(0, entry.time + sideways);
    done = edits.withTime(text, entry, seconds, stage.parse, stage.fps);
  } else if (up) done = raised(text, entry, up / KEY_STEPS, stage.grammar);
  else if (event.key === "Delete" || event.key === "Backspace") {
    done = { text: edits.without(text, entry).text, at: null };
  }
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
  stage.write(done);
  stage.commit();
}
