// Guesses for unknown words, by the measure of Python's difflib.

const LEAST_RATIO = 0.6;

/** Return the longest run that two texts share: [start in `a`, start in `b`, length]. */
function longestMatch(a, b) {
  let best = [0, 0, 0];
  let before = [];
  for (let i = 0; i < a.length; i += 1) {
    const lengths = [];
    for (let j = 0; j < b.length; j += 1) {
      if (a[i] !== b[j]) continue;
      lengths[j] = (before[j - 1] ?? 0) + 1;
      if (lengths[j] > best[2]) best = [i - lengths[j] + 1, j - lengths[j] + 1, lengths[j]];
    }
    before = lengths;
  }
  return best;
}

function matchingLetters(a, b) {
  const [i, j, length] = longestMatch(a, b);
  if (!length) return 0;
  const left = matchingLetters(a.slice(0, i), b.slice(0, j));
  return left + length + matchingLetters(a.slice(i + length), b.slice(j + length));
}

/** Return how alike two texts are, 0 to 1. */
export function ratio(a, b) {
  return (2 * matchingLetters(a, b)) / (a.length + b.length || 1);
}

/** Return a guess such as " (did you mean 'nod'?)" at an unknown word, or an empty text. */
export function suggestion(word, known) {
  let best = null;
  for (const name of known) {
    const found = [ratio(name, word.toLowerCase()), name];
    if (found[0] < LEAST_RATIO) continue;
    if (!best || found[0] > best[0] || (found[0] === best[0] && name > best[1])) best = found;
  }
  return best ? ` (did you mean '${best[1]}'?)` : "";
}
