"""The command `score`: the figures of a video, as a table, JSON and a picture."""

import argparse
from pathlib import Path

from PIL import Image

from ..bundles.score.closures import Closure, parse_closures
from ..bundles.score.measure import score_video
from ..bundles.score.picture import draw_score
from ..bundles.score.report import score_json, score_table
from ..errors import InputFileError, MoDAError, OutputError
from ..video.clip_sound import clip_sound
from ..video.footage import open_footage
from .console import ProgressBar, write_line

PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def score(arguments: argparse.Namespace) -> None:
    """Score a video, print the table, and write what is asked for."""
    video, outputs = arguments.video, [arguments.json, arguments.picture]
    for path in filter(None, outputs):
        _check_output(path, video)
    if arguments.picture and arguments.picture.suffix.lower() not in PICTURES:
        raise OutputError(
            f"'{arguments.picture}' is not a picture file. Name one that ends in "
            f"{', '.join(PICTURES)}."
        )
    footage, closures = open_footage(video), _read_closures(arguments.phones)
    sound = clip_sound(footage)
    if sound is None:
        raise InputFileError(
            f"'{video}' has no sound to compare the lips with. Use a video with its speech."
        )
    try:
        measured = score_video(footage, sound, closures, progress=ProgressBar("score"))
    except MoDAError as error:
        raise type(error)(f"'{video}': {error}") from error
    write_line(score_table(measured.score))
    if arguments.json is not None:
        _write(arguments.json, lambda path: path.write_text(score_json(measured.score), "utf-8"))
    if arguments.picture is not None:
        picture = Image.fromarray(draw_score(measured).numpy())
        _write(arguments.picture, picture.save)


def _read_closures(path: Path | None) -> tuple[Closure, ...]:
    if path is None:
        return ()
    try:
        return parse_closures(path.read_text("utf-8"))
    except OSError as error:
        raise InputFileError(
            f"'{path}' can't be read ({error.strerror}). Name a text file with times of phones."
        ) from error
    except ValueError as error:
        raise InputFileError(f"'{path}': {error}") from error


def _check_output(path: Path, video: Path) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"The folder of '{path}' does not exist. Make it, or name another file.")
    if path.exists() and video.exists() and path.samefile(video):
        raise OutputError(f"'{path}' is also the input. Name another file for the result.")


def _write(path: Path, write) -> None:
    try:
        write(path)
    except OSError as error:
        raise OutputError(
            f"'{path}' can't be written ({error.strerror}). Name another file."
        ) from error
    write_line(f"Wrote {path}")
