// The director's script, `[2.0 smile 0.6] [3.5 look left for 1]`; the same as
// `moda_core.editing.script.script_parser`.
import { SEPARATORS, SHOWN_LETTERS, TextCursor, TextError, WORD } from "./cursor.js";
import { findEmotion, takeBlend } from "./emotion_words.js";
import { firstLetters, general, quoted } from "./python_text.js";
import { suggestion } from "./suggestion.js";
import { parseTimeline } from "./timeline.js";

const EXAMPLE = "[2.0 smile 0.6]";
const REPEATS = /once\b|twice\b|\d+[^\S\n]*times?\b/i;
const DEGREES = /[^\S\n]*(?:°|deg(?:rees?)?(?![\p{L}\p{N}]))/iu;

/** Whether a text of emotions is a script: it begins with a bracket. */
export function isScript(text) {
  const cursor = new TextCursor(text);
  cursor.take(SEPARATORS);
  return cursor.take(/\[/) !== null;
}

/** Read emotions from a timeline, or from a script; see `parseTimeline` and `parseScript`. */
export function parseEmotions(text, grammar, fps) {
  return isScript(text) ? parseScript(text, grammar, fps) : parseTimeline(text, grammar, fps);
}

/**
 * Read a script as far as it can be read.
 *
 * Returns `entries`, in the order of the text, and `errors` as of `parseTimeline`. An entry is
 * {kind: "emotion" | "action", time, duration, span, timeSpan, durationSpan | null, bodyEnd}; that
 * of an action has {action, numbers, numberSpans, repeats, repeatsSpan | null, numbersAt}, that of
 * an emotion {parts, intensity}. Its duration is Infinity if none is written.
 */
export function parseScript(text, grammar, fps) {
  const cursor = new TextCursor(text);
  const entries = [];
  const errors = [];
  if (!text.trim()) {
    const message = `The script is empty. Write actions such as ${EXAMPLE}.`;
    return { entries, errors: [new TextError(message, 0)] };
  }
  cursor.take(SEPARATORS);
  while (!cursor.atEnd) {
    const start = cursor.position;
    try {
      entries.push(takeBrackets(cursor, grammar, fps));
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      errors.push(Object.assign(error, { start }));
      cursor.position = Math.max(start + 1, error.position);
      cursor.take(/[^[\]]*\]?/); // up to the next action
    }
    cursor.take(SEPARATORS);
  }
  return { entries, errors };
}

function takeBrackets(cursor, grammar, fps) {
  const start = cursor.position;
  if (!cursor.take(/\[/)) {
    const found = cursor.found();
    throw cursor.error(
      `expected an action in brackets, got ${found}. Write one such as ${EXAMPLE}`,
    );
  }
  const entry = takeAction(cursor, grammar, fps);
  if (!cursor.take(/\]/)) {
    const remedy = `Close the brackets after each action, as in ${EXAMPLE}`;
    throw cursor.error(`expected ']', got ${cursor.found()}. ${remedy}`);
  }
  return { ...entry, span: [start, cursor.position] };
}

function takeAction(cursor, grammar, fps) {
  cursor.skipSpaces();
  const timeStart = cursor.position;
  const time = cursor.takeTime(fps);
  const timed = { time, timeSpan: [timeStart, cursor.position] };
  cursor.skipSpaces();
  const start = cursor.position;
  const action = takePhrase(cursor, grammar);
  let entry;
  if (action !== null) {
    entry = { kind: "action", action, ...timed, ...takeEvent(cursor, grammar, fps, action) };
  } else if (findEmotion(cursor.take(WORD) ?? "", grammar)) {
    cursor.position = start;
    const blend = takeBlend(cursor, grammar);
    const last = blend.parts.at(-1);
    const bodyEnd = (last.number ?? last.name)[1];
    const ended = takeDuration(cursor, grammar, fps, Infinity, grammar.longest_s);
    entry = { kind: "emotion", ...timed, ...blend, bodyEnd, ...ended };
  } else {
    cursor.position = start;
    throw unknown(cursor, grammar);
  }
  cursor.skipSpaces();
  return entry;
}

function takePhrase(cursor, grammar) {
  const start = cursor.position;
  const phrase = cursor.take(phrasePattern(grammar)) ?? "";
  const action = grammar.phrases[phrase.toLowerCase().split(/[^\S\n]+/).join(" ")] ?? null;
  if (action === null) cursor.position = start; // without regard to case, "ſ" matches "s"
  return action;
}

const patterns = new WeakMap();

function phrasePattern(grammar) {
  if (patterns.has(grammar)) return patterns.get(grammar);
  const phrases = Object.keys(grammar.phrases).sort((a, b) => b.length - a.length);
  const written = phrases.join("|").replaceAll(" ", "[^\\S\\n]+");
  patterns.set(grammar, new RegExp(`(?:${written})(?![\\p{L}\\p{Nl}\\p{No}])`, "iu"));
  return patterns.get(grammar);
}

/** Return the error for a word that is neither an action nor an emotion. */
function unknown(cursor, grammar) {
  let start = cursor.position;
  let found = cursor.found();
  const actions = Object.keys(grammar.actions);
  const verb = (cursor.take(WORD) ?? "").toLowerCase();
  const pairs = actions.filter((phrase) => phrase.startsWith(`${verb} `));
  if (!pairs.length) {
    const words = Object.keys(grammar.phrases);
    const known = [...words, ...grammar.emotions, ...Object.keys(grammar.synonyms)];
    const listed = `${actions.join(", ")}; or an emotion: ${grammar.emotions.join(", ")}`;
    const guess = suggestion(verb, known);
    return cursor.error(`unknown word ${found}${guess}. Use one of: ${listed}`, start);
  }
  cursor.skipSpaces();
  start = cursor.position;
  found = cursor.found();
  const seconds = pairs.map((phrase) => phrase.split(" ")[1]);
  const guess = suggestion(cursor.take(WORD) ?? "", seconds);
  const listed = pairs.join(", ");
  return cursor.error(`'${verb}' can't be followed by ${found}${guess}. Use one of: ${listed}`, start);
}

/** Take the numbers, repeats and duration of an action. */
function takeEvent(cursor, grammar, fps, action) {
  const word = grammar.actions[action];
  const numbersAt = cursor.position;
  let repeats = word.repeats ? takeRepeats(cursor, grammar) : null;
  const taken = repeats ? noNumbers(word) : takeNumbers(cursor, word);
  let usual = word.duration_s;
  if (word.repeats) {
    repeats ??= takeRepeats(cursor, grammar);
    usual *= (repeats?.count ?? word.repeats) / word.repeats;
  }
  const longest = word.ease_s ? grammar.longest_s : grammar.longest_gesture_s;
  const { numbers, numberSpans, numbersEnd } = taken;
  return {
    numbers,
    numberSpans,
    numbersAt,
    repeats: repeats?.count ?? word.repeats,
    repeatsSpan: repeats?.span ?? null,
    bodyEnd: Math.max(numbersAt, numbersEnd, repeats?.span[1] ?? 0),
    ...takeDuration(cursor, grammar, fps, usual, longest),
  };
}

function takeRepeats(cursor, grammar) {
  cursor.skipSpaces();
  const start = cursor.position;
  const written = cursor.take(REPEATS);
  if (written === null) return null;
  const count = { once: 1, twice: 2 }[written.toLowerCase()] ?? Number.parseFloat(written);
  if (!(count >= 1 && count <= grammar.most_repeats)) {
    const range = `from 1 to ${grammar.most_repeats}`;
    const said = `the number of times is ${general(count)}. Use a number ${range}`;
    throw cursor.error(said, start);
  }
  return { count, span: [start, cursor.position] };
}

function noNumbers(word) {
  return { numbers: word.defaults, numberSpans: [], numbersEnd: 0 };
}

function takeNumbers(cursor, word) {
  cursor.skipSpaces();
  if (!word.numbers.length) return noNumbers(word);
  if (word.defaults.length && cursor.take(/(?=[-+.\d])/) === null) return noNumbers(word);
  const numbers = [];
  const numberSpans = [];
  for (const [name, lowest, highest] of word.numbers) {
    cursor.skipSpaces();
    if (numbers.length && cursor.take(/,/)) cursor.skipSpaces();
    const start = cursor.position;
    numbers.push(cursor.takeNumber(name, lowest, highest));
    numberSpans.push([start, cursor.position]);
    if (name === "the angle") cursor.take(DEGREES);
  }
  return { numbers, numberSpans, numbersEnd: cursor.position };
}

function takeDuration(cursor, grammar, fps, usual, longest) {
  cursor.skipSpaces();
  const start = cursor.position;
  const word = cursor.take(WORD);
  if (word === null) return { duration: usual, durationSpan: null };
  if (word.toLowerCase() !== "for") {
    throw cursor.error(
      `expected 'for' or ']', got ${quoted(firstLetters(word, SHOWN_LETTERS))}. Write one action ` +
        "per pair of brackets, and its duration as in for 1.5",
      start,
    );
  }
  cursor.skipSpaces();
  const numberStart = cursor.position;
  const duration = cursor.takeTime(fps, "the duration", grammar.shortest_s, longest);
  return { duration, durationSpan: [numberStart, cursor.position] };
}
