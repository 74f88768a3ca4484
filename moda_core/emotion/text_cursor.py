"""A cursor in a text that a user wrote, whose errors state the line and the column."""

import math
import re
from collections.abc import Collection
from difflib import get_close_matches

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
WORD = re.compile(r"[^\W\d_]+")
SPACES = re.compile(r"[^\S\n]+")
COMMENT = re.compile(r"#[^\n]*")
SEPARATORS = re.compile(r"(?:[\s,;]|#[^\n]*)+")
TIME_UNIT = re.compile(r"[^\S\n]*(s|secs?|seconds?|f|frames?)(?![^\W_])", re.IGNORECASE)
DEGREES = re.compile(r"[^\S\n]*(?:°|deg(?:rees?)?(?![^\W_]))", re.IGNORECASE)
CLOCK = re.compile(r"(?:\d+:)+\d+(?:\.\d*)?", re.ASCII)
COMMA_NUMBER = re.compile(r"(?<![\d.])\d+,\d+(?!\.?\d)", re.ASCII)
SHOWN_LETTERS = 20  # of quoted text in a message
LARGEST_TIME_S = 1e6


def suggestion(word: str, known: Collection[str]) -> str:
    """Return a guess such as " (did you mean 'nod'?)" at an unknown word, or an empty text."""
    found = get_close_matches(word.lower(), known, 1)
    return f" (did you mean '{found[0]}'?)" if found else ""


class TextCursor:
    """A text read from left to right, starting at `position`."""

    def __init__(self, text: str, position: int = 0):
        self.text = text
        self.position = position

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.text)

    def take(self, pattern: str | re.Pattern) -> str | None:
        """Take the match of a regular expression here and move past it; None without a match."""
        match = re.compile(pattern).match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return match[0]

    def skip_spaces(self) -> None:
        """Move past blanks and comments, but not past the end of the line."""
        while self.take(SPACES) or self.take(COMMENT):
            pass

    def take_number(self, what: str, lowest: float, highest: float) -> float:
        """Take a number in a range; errors call it `what`, such as "an amount"."""
        start, token = self.position, self.take(NUMBER)
        if token is None:
            raise self.error(f"expected {what}, got {self.found()}. Write a number")
        value = float(token)
        if not lowest <= value <= highest:
            raise self.error(
                f"{what} is {value:g}. Use a number from {lowest:g} to {highest:g}", start
            )
        return value

    def take_time(
        self,
        fps: float | None,
        what: str = "the time",
        lowest: float = 0,
        highest: float = LARGEST_TIME_S,
    ) -> float:
        """Take a time in seconds, written as ``2.5``, ``2.5 s`` or a frame as in ``62f``.

        Parameters
        ----------
        fps : float, optional
            For times given as frames. None accepts any frame and returns `lowest`, to report only
            what is wrong at any frame rate.
        what : str
            Name of the time in errors, such as "the duration".
        lowest, highest : float
            Range in seconds.

        Raises
        ------
        ValueError
            If there is no time here, or it is out of its range.
        """
        start = self.position
        self._refuse_clock()
        token = self.take(NUMBER)
        if token is None:
            raise self.error(f"expected a time, got {self.found()}. Write seconds, such as 2.5")
        unit = (self.take(TIME_UNIT) or "s").strip().lower()
        end, other = self.position, self.take(WORD)
        if other is not None:
            raise self.error(
                f"unknown unit {other[:SHOWN_LETTERS]!r} of a time. Use seconds, such as 2.5 or "
                "2.5s, or frames, such as 62f",
                end,
            )
        frames = unit.startswith("f")
        if frames and fps is None:
            return lowest
        value = float(token) / (fps if frames else 1.0)
        if not (math.isfinite(value) and lowest <= value <= highest):
            raise self.error(
                f"{what} is {value:g} s. Use a time from {lowest:g} to {highest:.0f} s", start
            )
        return value

    def _refuse_clock(self) -> None:
        """Raise an error for a time such as ``01:15`` that states its seconds."""
        start, clock = self.position, self.take(CLOCK)
        if clock is not None:
            seconds = 0.0
            for part in clock.split(":"):
                seconds = 60 * seconds + float(part)
            raise self.error(
                f"the time is written as {clock[:SHOWN_LETTERS]}. Write seconds: {seconds:g}", start
            )

    def found(self) -> str:
        """Return a phrase for what is here, for messages."""
        if self.at_end:
            return "the end of the text"
        rest = self.text[self.position : self.position + 4 * SHOWN_LETTERS]
        if rest.startswith(("\n", "\r")):
            return "the end of the line"
        word = re.match(r"[^\s,;\[\]#]+|.", rest, re.DOTALL)[0]
        return repr(word[:SHOWN_LETTERS])

    def error(self, message: str, position: int | None = None) -> ValueError:
        """Return the error for a position, by default the cursor's; `message` has no full stop.

        It begins with the line and the column; at a number such as ``2,5`` it ends with that
        number written with a point.
        """
        position = self.position if position is None else position
        first = self.text.rfind("\n", 0, position) + 1
        for number in COMMA_NUMBER.finditer(self.text, first):
            if number.start() > position:
                break
            if position <= number.end():
                message += f". Write {number[0][:SHOWN_LETTERS].replace(',', '.')} with a point"
        line = self.text.count("\n", 0, position) + 1
        return ValueError(f"line {line}, column {position - first + 1}: {message}.")
