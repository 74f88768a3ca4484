// Emotions over time, `0.0 neutral, 2.5 happiness 0.8`; the same as `moda_core.emotion.timeline`.
import { SEPARATORS, TextCursor, TextError } from "./cursor.js";
import { takeBlend } from "./emotion_words.js";
import { general, quoted } from "./python_text.js";

/**
 * Read a timeline as far as it can be read.
 *
 * Returns `entries`, in the order of the text, each {kind: "emotion", time, parts, intensity, span,
 * timeSpan}, and `errors`, each {message, position, start}, where the part that can't be read
 * begins at `start`; the first one is that of a run. What can't be
 * read is left out of the entries.
 */
export function parseTimeline(text, grammar, fps) {
  const cursor = new TextCursor(text);
  const entries = [];
  const errors = [];
  cursor.take(SEPARATORS);
  while (!cursor.atEnd) {
    const start = cursor.position;
    try {
      entries.push(takeEntry(cursor, grammar, fps, entries.at(-1)));
      cursor.skipSpaces();
      if (!cursor.take(SEPARATORS)) takeEnd(cursor);
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      errors.push(Object.assign(error, { start }));
      cursor.position = Math.max(cursor.position, error.position);
      cursor.take(/[^,;\n#]*/);
      cursor.take(SEPARATORS);
    }
  }
  if (!text.trim()) {
    const message = "The emotion timeline is empty. Write one such as '0.0 neutral'.";
    errors.push(new TextError(message, 0));
  }
  return { entries, errors };
}

function takeEntry(cursor, grammar, fps, before) {
  const start = cursor.position;
  const time = cursor.takeTime(fps);
  const timeSpan = [start, cursor.position];
  if (before && time < before.time) {
    throw cursor.error(
      `the time ${general(time)} s is before ${general(before.time)} s. ` +
        "Write the emotions in the order of their times",
      start,
    );
  }
  const { parts, intensity } = takeBlend(cursor, grammar);
  const last = parts.at(-1);
  const end = (last.number ?? last.name)[1];
  return { kind: "emotion", time, parts, intensity, timeSpan, span: [start, end] };
}

/** Take an optional full stop after the last entry, and check that nothing follows. */
function takeEnd(cursor) {
  const start = cursor.position;
  const found = cursor.found();
  cursor.take(/\./);
  cursor.take(SEPARATORS);
  if (cursor.atEnd) return;
  const remedy =
    found === quoted("for")
      ? "Write when it ends instead, as in 2.0 none, or a script in brackets"
      : "Separate the emotions by commas";
  throw cursor.error(`expected a comma or the end of the line, got ${found}. ${remedy}`, start);
}
