// Words for the emotions, and blends of them; the same as `moda_core.emotion.words`.
import { SHOWN_LETTERS, WORD } from "./cursor.js";
import { firstLetters, general, quoted } from "./python_text.js";
import { suggestion } from "./suggestion.js";

/** Return the label for a word of any case, or null if it is unknown. */
export function findEmotion(word, grammar) {
  const names = [...grammar.emotions, ...Object.keys(grammar.synonyms)];
  let found = word.toLowerCase();
  if (!names.includes(found) && Array.from(found).length >= grammar.shortest_beginning) {
    const beginning = found;
    found = names.find((name) => name.startsWith(beginning)) ?? found;
  }
  return grammar.synonyms[found] ?? (grammar.emotions.includes(found) ? found : null);
}

/**
 * Take one emotion or a blend, such as `happiness 0.6 + surprise 0.4`.
 *
 * Returns `parts`, each {label, amount, written, name: [start, end], number: [start, end] | null},
 * where `amount` is filled in if it is not written, and `intensity`, their sum.
 */
export function takeBlend(cursor, grammar) {
  const parts = [];
  cursor.skipSpaces();
  const start = cursor.position;
  do {
    cursor.skipSpaces();
    const nameStart = cursor.position;
    const label = takeEmotion(cursor, grammar);
    const part = { label, amount: null, name: [nameStart, cursor.position], number: null };
    cursor.skipSpaces();
    if (cursor.take(/(?=[-+]?\.?\d)/) !== null) {
      const numberStart = cursor.position;
      part.amount = cursor.takeNumber("the intensity", 0, grammar.max_intensity);
      part.number = [numberStart, cursor.position];
    }
    parts.push(part);
    cursor.skipSpaces();
  } while (cursor.take(/\+/));
  return filled(parts, cursor, grammar, start);
}

function takeEmotion(cursor, grammar) {
  const start = cursor.position;
  const word = cursor.take(WORD);
  const names = grammar.emotions.join(", ");
  if (word === null) {
    throw cursor.error(`expected an emotion, got ${cursor.found()}. Use one of: ${names}`);
  }
  const label = findEmotion(word, grammar);
  if (label === null) {
    const guess = suggestion(word, [...grammar.emotions, ...Object.keys(grammar.synonyms)]);
    const shown = quoted(firstLetters(word, SHOWN_LETTERS));
    throw cursor.error(`unknown emotion ${shown}${guess}. Use one of: ${names}`, start);
  }
  return label;
}

function filled(parts, cursor, grammar, start) {
  const given = parts.filter((part) => part.number !== null);
  const sum = given.reduce((total, part) => total + part.amount, 0);
  const share = Math.max(0, 1 - sum) / Math.max(1, parts.length - given.length);
  for (const part of parts) part.amount ??= share;
  const total = parts.reduce((all, part) => all + part.amount, 0);
  if (total > grammar.max_intensity + 1e-6) {
    const most = general(grammar.max_intensity);
    const said = `the intensities of the blend sum to ${general(total)}. Use at most ${most}`;
    throw cursor.error(said, start);
  }
  return { parts, intensity: Math.min(total, grammar.max_intensity) };
}
