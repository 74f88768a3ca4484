"""Who speaks when, written as text: ``0.0 Anna, 3.2 Ben, 5.0 Anna+Ben``."""

import re
from dataclasses import dataclass

from ...audio.phrases import Span, merged_spans
from ...emotion.text_cursor import SEPARATORS, TextCursor
from ...motion.motion import FPS
from .cast import END, NOBODY, named_index, plain_name

NAME = re.compile(r"[^,;+#\n\r]+")
PLUS = re.compile(r"\s*\+\s*")
CLOSE_S = 0.5  # between the end of a map and that of its sound


@dataclass(frozen=True)
class Turn:
    """Who speaks from a time on; nobody if there are no names."""

    start_s: float
    names: tuple[str, ...]


@dataclass(frozen=True)
class Turns:
    """Who speaks over a whole sound.

    Parameters
    ----------
    turns : tuple of Turn
        At least one, in the order of their times.
    end_s : float, optional
        When the last turn ends; default the end of the sound.
    """

    turns: tuple[Turn, ...]
    end_s: float | None = None

    def spans(self, name: str, duration_s: float) -> list[Span]:
        """Return the (start, stop) in seconds of all that a person says.

        Raises ValueError if the map does not end with its sound of `duration_s`.
        """
        self._check_end(duration_s)
        stops = [turn.start_s for turn in self.turns[1:]]
        stops.append(duration_s if self.end_s is None else self.end_s)
        own = [
            (turn.start_s, stop)
            for turn, stop in zip(self.turns, stops, strict=True)
            if plain_name(name) in map(plain_name, turn.names)
        ]
        return merged_spans(own)

    def _check_end(self, duration_s: float) -> None:
        last = self.turns[-1]
        if last.start_s >= duration_s:
            raise ValueError(
                f"The turn at {last.start_s:g} s begins after the end of the sound, at "
                f"{duration_s:.2f} s. Correct the time, or use a longer sound."
            )
        if self.end_s is not None and abs(self.end_s - duration_s) > CLOSE_S:
            side = "before" if self.end_s < duration_s else "after"
            raise ValueError(
                f"The turns end at {self.end_s:g} s, {side} the sound, at {duration_s:.2f} s. "
                f"Correct or leave out '{END}'."
            )


def parse_turns(text: str, names: tuple[str, ...] | None = None, fps: float = FPS) -> Turns:
    """Read who speaks when.

    Parameters
    ----------
    text : str
        Entries such as ``3.2 Ben``, separated by commas, semicolons or new lines: a time in
        seconds, or a frame as in ``80f``, and who speaks from then on: a name, several joined by
        ``+``, or ``nobody``. ``9.5 end`` may come last. ``#`` begins a comment.
    names : tuple of str, optional
        The cast; default any name is taken.
    fps : float
        For times given as frames.

    Raises
    ------
    ValueError
        If the text can't be read or names nobody known; the message begins with the line and the
        column.
    """
    cursor, turns, end_s = TextCursor(text), [], None
    cursor.take(SEPARATORS)
    while not cursor.at_end:
        start = cursor.position
        time_s = cursor.take_time(fps)
        if end_s is not None:
            raise cursor.error(f"nothing may follow '{END}'. Write it last", start)
        if turns and time_s <= turns[-1].start_s:
            raise cursor.error(
                f"the time {time_s:g} s is not after {turns[-1].start_s:g} s. "
                "Write the turns in the order of their times",
                start,
            )
        found = _take_names(cursor, names)
        if found == (END,):
            end_s = time_s
        else:
            turns.append(Turn(time_s, found))
        if not cursor.take(SEPARATORS) and not cursor.at_end:
            raise cursor.error(f"expected a comma, got {cursor.found()}. Separate the turns")
    if not turns:
        raise ValueError(
            "The text of who speaks when is empty. Write it, such as 0.0 Anna, 3.2 Ben."
        )
    return Turns(tuple(turns), end_s)


def _take_names(cursor: TextCursor, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """Take names joined by plus signs; empty for nobody, and the word for the end as it is."""
    found = []
    while True:
        cursor.skip_spaces()
        start, name = cursor.position, (cursor.take(NAME) or "").strip()
        if not name:
            raise cursor.error(f"expected a name, got {cursor.found()}. Write who speaks", start)
        found.append(_known_name(cursor, start, name, names))
        if not cursor.take(PLUS):
            break
    if len(found) == 1 and found[0] in (NOBODY, END):
        return () if found[0] == NOBODY else (END,)
    if {NOBODY, END} & set(found):
        raise cursor.error(f"'{NOBODY}' and '{END}' stand alone. Leave out the other names")
    return tuple(dict.fromkeys(found))


def _known_name(cursor: TextCursor, start: int, name: str, names: tuple[str, ...] | None) -> str:
    if plain_name(name) in (NOBODY, END):
        return plain_name(name)
    if names is None:
        return name
    try:
        return names[named_index(name, names)]
    except ValueError as error:
        raise cursor.error(str(error), start) from error
