// A cursor in a text that a user wrote; the same as `moda_core.emotion.text_cursor`.
import { firstLetters, general, quoted } from "./python_text.js";

export const WORD = /[\p{L}\p{Nl}\p{No}]+/u;
export const SEPARATORS = /(?:[\s,;]|#[^\n]*)+/;
const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/;
const BLANKS = /(?:[^\S\n]|#[^\n]*)+/;
const TIME_UNIT = /[^\S\n]*(?:s|secs?|seconds?|f|frames?)(?![\p{L}\p{N}])/iu;
const CLOCK = /(?:\d+:)+\d+(?:\.\d*)?/;
const COMMA_NUMBER = /(?<![\d.])\d+,\d+(?!\.?\d)/g;
const FOUND = /[^\s,;[\]#]+|[^]/u;
export const SHOWN_LETTERS = 20;
const LARGEST_TIME_S = 1e6;

/** What is wrong at a place of a text; the message is the one that a run would show. */
export class TextError extends Error {
  constructor(message, position) {
    super(message);
    this.position = position;
  }
}

export class TextCursor {
  constructor(text, position = 0) {
    this.text = text;
    this.position = position;
  }

  get atEnd() {
    return this.position >= this.text.length;
  }

  /** Take the match of a regular expression here and move past it; null without a match. */
  take(pattern) {
    const sticky = new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, "")}y`);
    sticky.lastIndex = this.position;
    const match = sticky.exec(this.text);
    if (!match) return null;
    this.position += match[0].length;
    return match[0];
  }

  /** Move past blanks and comments, but not past the end of the line. */
  skipSpaces() {
    this.take(BLANKS);
  }

  /** Take a number in a range; errors call it `what`, such as "an amount". */
  takeNumber(what, lowest, highest) {
    const start = this.position;
    const token = this.take(NUMBER);
    if (token === null) throw this.error(`expected ${what}, got ${this.found()}. Write a number`);
    const value = Number(token);
    if (!(lowest <= value && value <= highest)) {
      const range = `from ${general(lowest)} to ${general(highest)}`;
      throw this.error(`${what} is ${general(value)}. Use a number ${range}`, start);
    }
    return value;
  }

  /** Take a time, `2.5`, `2.5 s` or a frame `62f`, in seconds. */
  takeTime(fps, what = "the time", lowest = 0, highest = LARGEST_TIME_S) {
    const start = this.position;
    this.refuseClock();
    const token = this.take(NUMBER);
    if (token === null) {
      throw this.error(`expected a time, got ${this.found()}. Write seconds, such as 2.5`);
    }
    const unit = (this.take(TIME_UNIT) ?? "s").trim().toLowerCase();
    const end = this.position;
    const other = this.take(WORD);
    if (other !== null) {
      const shown = quoted(firstLetters(other, SHOWN_LETTERS));
      const remedy = "Use seconds, such as 2.5 or 2.5s, or frames, such as 62f";
      throw this.error(`unknown unit ${shown} of a time. ${remedy}`, end);
    }
    const value = Number(token) / (unit.startsWith("f") ? fps : 1);
    if (!(Number.isFinite(value) && lowest <= value && value <= highest)) {
      const range = `from ${general(lowest)} to ${highest.toFixed(0)} s`;
      throw this.error(`${what} is ${general(value)} s. Use a time ${range}`, start);
    }
    return value;
  }

  refuseClock() {
    const start = this.position;
    const clock = this.take(CLOCK);
    if (clock === null) return;
    const seconds = clock.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
    const shown = firstLetters(clock, SHOWN_LETTERS);
    throw this.error(`the time is written as ${shown}. Write seconds: ${general(seconds)}`, start);
  }

  /** Return a phrase for what is here, for messages. */
  found() {
    if (this.atEnd) return "the end of the text";
    const rest = firstLetters(this.text.slice(this.position), 4 * SHOWN_LETTERS);
    if (/^[\n\r]/.test(rest)) return "the end of the line";
    return quoted(firstLetters(FOUND.exec(rest)[0], SHOWN_LETTERS));
  }

  /** Return the error for a position; it begins with the line and the column. */
  error(message, position = this.position) {
    const first = position > 0 ? this.text.lastIndexOf("\n", position - 1) + 1 : 0;
    let said = message;
    for (const number of this.text.slice(first).matchAll(COMMA_NUMBER)) {
      const start = first + number.index;
      if (start > position) break;
      if (position > start + number[0].length) continue;
      const dotted = firstLetters(number[0], SHOWN_LETTERS).replaceAll(",", ".");
      said += `. Write ${dotted} with a point`;
    }
    const line = this.text.slice(0, position).split("\n").length;
    const column = Array.from(this.text.slice(first, position)).length + 1;
    return new TextError(`line ${line}, column ${column}: ${said}.`, position);
  }
}
