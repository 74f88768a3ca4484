"""From the fields of a job to the arguments of `talk`, so that each option means the same."""

import argparse
import difflib
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

from ...errors import MoDAError
from ..arguments import Parser
from ..talk_arguments import add_talk_arguments

POSITIONAL = ("portrait", "audio")
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class _LineParser(Parser):
    def error(self, message: str) -> NoReturn:
        raise MoDAError(f"{message[0].upper()}{message[1:].rstrip('.')}.")


@cache
def _parser() -> _LineParser:
    parser = _LineParser(prog="talk", add_help=False, allow_abbrev=False)
    add_talk_arguments(parser)
    return parser


@cache
def _options() -> dict[str, argparse.Action]:
    """Return the options of `talk` by their long names, with underscores."""
    known = _parser()._option_string_actions
    opposites = {f"--no-{option.removeprefix('--')}" for option in known}
    return {
        _plain(option): action
        for option, action in known.items()
        if option.startswith("--") and option not in opposites
    }


def parse_arguments(arguments: list[str] | tuple[str, ...]) -> argparse.Namespace:
    """Parse arguments of `talk`; raises MoDAError instead of leaving the program."""
    return _parser().parse_args(list(arguments))


def job_arguments(fields: Mapping[str, object], folder: Path) -> list[str]:
    """Return the arguments of `talk` for the fields of a job.

    Parameters
    ----------
    fields : mapping
        ``portrait``, ``audio`` and options by their long names, with hyphens or underscores.
        Switches are true or false; ``speaker`` is a list of [name, face, file]. None is not given.
    folder : Path
        Absolute; what paths are relative to.

    Raises
    ------
    MoDAError
        If a name is unknown, or a value is of another kind; the text names it.
    """
    named = {_plain(name): value for name, value in fields.items() if value is not None}
    positional, options = [], []
    for name in POSITIONAL:
        if name in named:
            positional.append(str(folder / _text(name, named.pop(name))))
        elif name == "portrait":
            raise MoDAError("There is no 'portrait'. Name a picture with a face, or a video.")
    for name, value in named.items():
        options += _option(name, value, folder)
    return positional + options


def _option(name: str, value: object, folder: Path) -> list[str]:
    action = _options().get(name)
    if action is None:
        near = difflib.get_close_matches(name, [*POSITIONAL, *_options()], 1)
        remedy = f"Did you mean '{near[0]}'?" if near else "See 'python run.py talk --help'."
        raise MoDAError(f"'{name}' is not an option of talk. {remedy}")
    option = next(text for text in action.option_strings if text.startswith("--"))
    if action.nargs == 0:
        if _truth(name, value):
            return [option]
        opposite = f"--no-{name}"
        return [opposite] if opposite in action.option_strings else []
    if action.nargs is not None:
        return _people(option, value, folder)
    text = _text(name, value)
    if action.type is Path or (name == "background" and (folder / text).is_file()):
        text = str(folder / text)
    return [f"{option}={text}"]


def _people(option: str, value: object, folder: Path) -> list[str]:
    """Return the options for a list of [name, face, file], or text as on a command line."""
    if isinstance(value, str):
        words = shlex.split(value)
        value = [words[start : start + 3] for start in range(0, len(words), 3)]
    arguments = []
    for person in value if isinstance(value, list) else [None]:
        if not isinstance(person, list) or len(person) != 3:
            raise MoDAError('Expected people as \'speaker\', such as [["Anna", "left", "a.wav"]].')
        name, face, file = (_text("speaker", word) for word in person)
        arguments += [option, name, face, str(folder / file)]
    return arguments


def _plain(name: str) -> str:
    return name.strip().lstrip("-").replace("-", "_")


def _text(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise MoDAError(f"Expected text or a number as '{name}', got {value!r}.")
    return str(value)


def _truth(name: str, value: object) -> bool:
    chosen = TRUTH.get(str(value).strip().lower())
    if chosen is None:
        raise MoDAError(f"Expected true or false as '{name}', got {value!r}.")
    return chosen
