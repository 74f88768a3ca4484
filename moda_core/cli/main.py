"""The commands of `run.py` that make videos and weights."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingModelError, MoDAError, OutputError
from ..example import PORTRAIT, SPEECH
from ..runtime.stopwatch import Stopwatch
from .arguments import Parser
from .console import ProgressBar, shell_word, write_line
from .models_arguments import add_models_arguments
from .talk_arguments import add_talk_arguments, talk_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..bundles.scene.face_place import FacePlace
    from .talk import TalkResult, TalkSettings

ROOT = Path(__file__).resolve().parents[2]
SHEET_FRAMES = 12
POINTS_REMEDY = "give the eyes and mouth corners: --points 'x,y x,y x,y x,y'"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = Parser(prog="run.py", description="Animate a portrait from speech.")
    commands = parser.add_subparsers(dest="command", required=True)

    demo = commands.add_parser("demo", help="animate the bundled portrait with the bundled speech")
    demo.set_defaults(run=run_demo)

    talk = commands.add_parser(
        "talk",
        help="animate your portrait with your recording or with saved motion",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_talk_arguments(talk)
    talk.set_defaults(run=run_talk)

    models = commands.add_parser(
        "models", help="where the released files are; fetch, check and convert them"
    )
    add_models_arguments(models)
    models.set_defaults(run=run_models)

    train = commands.add_parser(
        "train-starter", help="make the starter's weights again", add_help=False
    )
    train.set_defaults(run=run_train_starter)
    return parser


def run_demo(arguments: argparse.Namespace) -> None:
    """Animate the example and write a contact sheet beside the video."""
    from ..video.contact_sheet import save_contact_sheet

    output = output_folder()
    result = make_video(PORTRAIT, SPEECH, output / "demo.mp4", num_samples=SHEET_FRAMES)
    save_contact_sheet(result.frames, output / "demo.png")
    write_line(f"Wrote {output / 'demo.mp4'} and {output / 'demo.png'}")


def run_talk(arguments: argparse.Namespace) -> None:
    """Animate the user's portrait."""
    from .talk import TalkSettings

    settings = TalkSettings(**talk_settings(arguments))
    audio, output = arguments.audio, getattr(arguments, "output", None)
    speakers = getattr(arguments, "speaker", ())
    if output is None:
        suffix = ".mov" if settings.transparent else ".mp4"
        played = "scene" if speakers else (audio or settings.motion).stem
        output = output_folder() / f"{arguments.portrait.stem}-{played}{suffix}"
    try:
        make_video(arguments.portrait, audio, output, settings, speakers=speakers)
    except MissingModelError as error:
        command = f"python run.py models --models {shell_word(settings.models)}"
        raise MoDAError(f"{error} '{command}' says where each comes from.") from error
    saved = f" and {settings.save_motion}" if settings.save_motion else ""
    write_line(f"Wrote {output}{saved}")


def output_folder() -> Path:
    """Return the project's folder for results, making it if it must."""
    folder = ROOT / "output"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder '{folder}' can't be made ({error.strerror}). Name another place with -o."
        ) from error
    return folder


def make_video(
    portrait: Path,
    audio: Path | None,
    output: Path,
    settings: "TalkSettings | None" = None,
    num_samples: int = 0,
    speakers: "Sequence[tuple[str, FacePlace, Path]]" = (),
) -> "TalkResult":
    """Animate a portrait, or several people of a picture, then say where the time went."""
    from ..runtime.out_of_memory import is_out_of_memory
    from .talk import TalkSettings, talk
    from .talk_scene import NamedFace, talk_scene

    settings, stopwatch = settings or TalkSettings(), Stopwatch()
    shown = (stopwatch, ProgressBar)
    try:
        if speakers:
            people = [NamedFace(*speaker) for speaker in speakers]
            result = talk_scene(portrait, people, output, settings, *shown)
        else:
            result = talk(portrait, audio, output, settings, *shown, num_samples)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise MoDAError(
            f"There is not enough memory on the device '{settings.device}'. Close other programs, "
            "use another device, or a shorter recording."
        ) from error
    if result.uncertain:
        remedy = "use another picture" if speakers else POINTS_REMEDY
        write_line(
            f"The face was found with low confidence ({result.confidence:.2f}). If it looks wrong, "
            f"{remedy}.",
            sys.stderr,
        )
    write_line(stopwatch.table(result.num_frames, result.fps))
    return result


def run_models(arguments: argparse.Namespace) -> None:
    """List, fetch, check or convert the released files."""
    from .models_command import list_models

    list_models(arguments)


def run_train_starter(arguments: argparse.Namespace) -> None:
    """Train the starter's motion model."""
    from ..training.train_starter import build_parser, train_and_save

    train_and_save(build_parser().parse_args(arguments.rest))


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        Exit status: 0, 2 for input that can't be used, 130 if the user stopped it.

    Raises
    ------
    SystemExit
        If the arguments are wrong, or ask for help.
    """
    try:
        known, rest = build_parser().parse_known_args(arguments)
        silent = known.command == "talk" and known.audio is None
        if silent and rest and not rest[0].startswith("-"):
            # argparse takes an optional AUDIO for missing if options stand before it.
            known.audio = Path(rest.pop(0))
        if rest and known.command != "train-starter":
            build_parser().error(f"unknown options: {' '.join(rest)}")
        known.rest = rest
        known.run(known)
    except MoDAError as error:
        write_line(str(error), sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        bar_ends = "\n" if sys.stderr.isatty() else ""
        write_line(f"{bar_ends}{stop or 'Stopped; nothing was left behind.'}", sys.stderr)
        return 130
    return 0
