// Edits of a script or a timeline. Each takes the text and an entry that was read from it, and
// returns {text, at}: a new text in which only what is edited differs, so that comments, and lines
// that can't be read, stay as they are; and where the entry begins there.

const NOTHING = "# nothing yet";

/** Return a number as it is written in a text, with at most two decimals. */
export function written(value) {
  const rounded = Math.round(value * 100) / 100;
  return String(Object.is(rounded, -0) ? 0 : rounded);
}

/** Replace a part of an entry's text. */
function changed(text, entry, [start, end], part) {
  return { text: text.slice(0, start) + part + text.slice(end), at: entry.span[0] };
}

/** Return seconds as a time is written there now: as seconds, or as a frame. */
function timeLike(before, seconds, fps) {
  const unit = /[^\S\n]*[a-z]*$/i.exec(before)[0];
  return /^\s*f/i.test(unit) ? `${Math.round(seconds * fps)}${unit}` : written(seconds) + unit;
}

/**
 * Write another time; an entry of a timeline moves to its place in the order.
 *
 * `parse` reads a text, as `parseScript` and `parseTimeline` do.
 */
export function withTime(text, entry, seconds, parse, fps) {
  const time = timeLike(text.slice(...entry.timeSpan), Math.max(0, seconds), fps);
  const { entries } = parse(text);
  const index = entries.findIndex((other) => other.span[0] === entry.span[0]);
  const [before, after] = [entries[index - 1], entries[index + 1]];
  const isInPlace = (before?.time ?? 0) <= seconds && seconds <= (after?.time ?? Infinity);
  if (isOfScript(entry) || isInPlace) return changed(text, entry, entry.timeSpan, time);
  const part = time + text.slice(entry.timeSpan[1], entry.span[1]);
  return inserted(without(text, entry).text, part, Math.max(0, seconds), parse);
}

function isOfScript(entry) {
  return "durationSpan" in entry;
}

/** Write the duration of an entry of a script. */
export function withDuration(text, entry, seconds, fps) {
  const { durationSpan: span, bodyEnd } = entry;
  if (!span) return changed(text, entry, [bodyEnd, bodyEnd], ` for ${written(seconds)}`);
  return changed(text, entry, span, timeLike(text.slice(...span), seconds, fps));
}

/** Write one of the numbers of an action. */
export function withNumber(text, entry, index, value) {
  if (entry.numberSpans.length) {
    return changed(text, entry, entry.numberSpans[index], written(value));
  }
  const numbers = entry.numbers.map((number, i) => written(i === index ? value : number));
  return changed(text, entry, [entry.numbersAt, entry.numbersAt], ` ${numbers.join(" ")}`);
}

/** Write another action in the place of an entry's, with its usual numbers. */
export function withAction(text, entry, action) {
  const start = entry.timeSpan[1];
  return changed(text, entry, [start, entry.bodyEnd], ` ${action}`);
}

/** Write how often a gesture is repeated. */
export function withRepeats(text, entry, count) {
  const said = `${count} time${count === 1 ? "" : "s"}`;
  const { repeatsSpan: span, bodyEnd } = entry;
  return span
    ? changed(text, entry, span, said)
    : changed(text, entry, [bodyEnd, bodyEnd], ` ${said}`);
}

/** Write the intensity of an emotion; those of a blend keep their ratio. */
export function withIntensity(text, entry, value) {
  const [only] = entry.parts;
  if (entry.parts.length === 1) {
    if (only.number) return changed(text, entry, only.number, written(value));
    return changed(text, entry, [only.name[1], only.name[1]], ` ${written(value)}`);
  }
  const parts = entry.parts.map(({ label, amount }) => {
    const share = entry.intensity ? amount / entry.intensity : 1 / entry.parts.length;
    return `${label} ${written(Math.floor(value * share * 100) / 100)}`;
  });
  return changed(text, entry, blendSpan(entry), parts.join(" + "));
}

/** Write another emotion in the place of an entry's. */
export function withEmotion(text, entry, label) {
  return changed(text, entry, blendSpan(entry), `${label} ${written(entry.intensity)}`);
}

function blendSpan(entry) {
  const last = entry.parts.at(-1);
  return [entry.parts[0].name[0], (last.number ?? last.name)[1]];
}

/** Take an entry out, and what separated it; `at` is where it was. */
export function without(text, entry) {
  let [start, end] = entry.span;
  const before = /(?:^|\n)[^\S\n]*$/.exec(text.slice(0, start));
  const after = /^[^\S\n]*[,;]?[^\S\n]*/.exec(text.slice(end))[0];
  const rest = text.slice(end + after.length);
  if (before && (!rest || rest.startsWith("\n"))) {
    end += after.length; // it has a line of its own
    if (before[0].startsWith("\n")) start -= before[0].length;
    else if (rest) end += 1;
  } else if (!rest || /^[\n#]/.test(rest)) {
    start -= /[^\S\n]*[,;]?[^\S\n]*$/.exec(text.slice(0, start))[0].length;
  } else {
    end += after.length;
  }
  const left = text.slice(0, start) + text.slice(end);
  return { text: left.trim() ? left : NOTHING, at: start };
}

/** Put an entry, such as `[2 nod]` or `2 happiness`, where its time belongs. */
export function inserted(text, part, seconds, parse) {
  const { entries } = parse(text);
  if (!entries.length) {
    const kept = text.trim() === NOTHING || !text.trim() ? "" : `${text.replace(/\n*$/, "")}\n`;
    return { text: kept + part, at: kept.length };
  }
  const isScript = part.startsWith("[");
  const earlier = entries.filter((entry) => entry.time <= seconds);
  if (!earlier.length) {
    const { span } = isScript ? earliest(entries) : entries[0];
    const gap = joint(text, span, isScript);
    return { text: text.slice(0, span[0]) + part + gap + text.slice(span[0]), at: span[0] };
  }
  const { span } = isScript ? latest(earlier) : earlier.at(-1);
  const gap = joint(text, span, isScript);
  const at = span[1] + gap.length;
  return { text: text.slice(0, span[1]) + gap + part + text.slice(span[1]), at };
}

function latest(entries) {
  return entries.reduce((best, entry) => (best.time > entry.time ? best : entry));
}

function earliest(entries) {
  return entries.reduce((best, entry) => (best.time <= entry.time ? best : entry));
}

/** Return what separates a new entry from one: a line, if that one has a line of its own. */
function joint(text, [start, end], isScript) {
  const indent = /(?:^|\n)([^\S\n]*)$/.exec(text.slice(0, start));
  const isAlone = indent && /^[^\S\n]*[,;]?[^\S\n]*(?:\n|$)/.test(text.slice(end));
  if (isAlone && text.includes("\n")) return `\n${indent[1]}`;
  return isScript ? " " : ", ";
}
