"""Parsers of command-line values, whose complaints are one sentence."""

import argparse
import re
from collections.abc import Callable
from typing import NoReturn

ENDLESS = 1e6  # limits from here on are not worth telling
CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]?\d(?:\.\d*)?)")
A_TIME = "a time: write seconds, such as 75.5, or minutes and seconds, such as 1:15.5"


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 after saying what was wrong and where the options are listed."""
        self.exit(2, f"{message[0].upper()}{message[1:]}. See 'python {self.prog} --help'.\n")


def number(
    minimum: float,
    maximum: float,
    kind: Callable[[str], float] = float,
    what: str = "a number",
) -> Callable[[str], float]:
    """Return a parser for a number in a range.

    Parameters
    ----------
    minimum, maximum : float
        Both are in the range.
    kind : callable (text) -> number
        ``float``, ``int`` or `clock_seconds`; raises ValueError for text of another kind.
    what : str
        Name of the kind, for complaints.

    Returns
    -------
    callable (text) -> number
        Raises `argparse.ArgumentTypeError` for any other text.
    """

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from error
        if not minimum <= value <= maximum:
            limits = f"{minimum:g} to {maximum:g}"
            if maximum >= ENDLESS and value < minimum:
                limits = f"at least {minimum:g}"
            raise argparse.ArgumentTypeError(f"expected {limits}, got {text}")
        return value

    return parse


def clock_seconds(text: str) -> float:
    """Return the seconds of a time such as ``75.5``, ``1:15.5`` or ``0:01:15``; or ValueError."""
    clock = CLOCK.fullmatch(text.strip())
    if clock is None:
        return float(text)
    hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    return 3600 * hours + 60 * minutes + seconds


def text_type(parse: Callable[[str], object]) -> Callable[[str], object]:
    """Return a parser of text as an argparse type, which shows the text of its `ValueError`."""

    def convert(text: str):
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error

    return convert
