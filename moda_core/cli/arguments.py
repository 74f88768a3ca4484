"""Parsers of command-line values, whose complaints are one sentence."""

import argparse
from collections.abc import Callable
from typing import NoReturn

ENDLESS = 1e6  # limits from here on are not worth telling


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 after saying what was wrong and where the options are listed."""
        self.exit(2, f"{message[0].upper()}{message[1:]}. See 'python {self.prog} --help'.\n")


def number(minimum: float, maximum: float, kind: type = float) -> Callable[[str], float]:
    """Return a parser for a number in a range.

    Parameters
    ----------
    minimum, maximum : float
        Both are in the range.
    kind : type
        ``float`` or ``int``.

    Returns
    -------
    callable (text) -> number
        Raises `argparse.ArgumentTypeError` for any other text.
    """

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
        if not minimum <= value <= maximum:
            limits = f"{minimum:g} to {maximum:g}"
            if maximum >= ENDLESS and value < minimum:
                limits = f"at least {minimum:g}"
            raise argparse.ArgumentTypeError(f"expected {limits}, got {text}")
        return value

    return parse


def text_type(parse: Callable[[str], object]) -> Callable[[str], object]:
    """Return a parser of text as an argparse type, which shows the text of its `ValueError`."""

    def convert(text: str):
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error

    return convert
