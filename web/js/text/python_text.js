// Texts as Python writes them, so that messages in the page read as those of a run.

/** Return a number as Python's format `:g` does: up to six digits, without needless zeros. */
export function general(value) {
  if (!Number.isFinite(value)) return value > 0 ? "inf" : value < 0 ? "-inf" : "nan";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [digits, exponent] = value.toExponential(5).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  const sign = power < 0 ? "-" : "+";
  return `${Number(digits)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Return a text in quotes as Python's `repr` does. */
export function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const names = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
  const escape = (letter) => names[letter] ?? (letter === quote ? `\\${letter}` : letter);
  return quote + Array.from(text, escape).join("") + quote;
}

/** Return the first letters of a text; letters outside the basic plane count once. */
export function firstLetters(text, count) {
  return Array.from(text).slice(0, count).join("");
}
