"""The commands of `run.py` that make videos and weights."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MoDAError, OutputError
from ..example import PORTRAIT, SPEECH
from ..runtime.stopwatch import Stopwatch
from .arguments import Parser
from .batch_arguments import add_batch_arguments
from .console import ProgressBar, write_line
from .live_arguments import add_live_arguments
from .models_arguments import add_models_arguments
from .score_arguments import add_score_arguments
from .talk_arguments import add_talk_arguments

if TYPE_CHECKING:
    from .talk import TalkResult
    from .talk_request import TalkRequest

ROOT = Path(__file__).resolve().parents[2]
SHEET_FRAMES = 12


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

    batch = commands.add_parser(
        "batch", help="animate many portraits with many recordings", allow_abbrev=False
    )
    add_batch_arguments(batch)
    batch.set_defaults(run=run_batch)

    live = commands.add_parser(
        "live",
        help="speak to a portrait in the browser",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_live_arguments(live)
    live.set_defaults(run=run_live)

    score = commands.add_parser("score", help="score the lip sync, head and picture of a video")
    add_score_arguments(score)
    score.set_defaults(run=run_score)

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
    from .talk_request import TalkRequest

    output = output_folder()
    result = make_video(TalkRequest(PORTRAIT, SPEECH), output / "demo.mp4", SHEET_FRAMES)
    save_contact_sheet(result.frames, output / "demo.png")
    write_line(f"Wrote {output / 'demo.mp4'} and {output / 'demo.png'}")


def run_talk(arguments: argparse.Namespace) -> None:
    """Animate the user's portrait."""
    from .talk_request import read_request

    request, output = read_request(arguments), getattr(arguments, "output", None)
    output = output or output_folder() / request.output_name
    make_video(request, output)
    saved = request.settings.save_motion
    write_line(f"Wrote {output}{f' and {saved}' if saved else ''}")


def run_batch(arguments: argparse.Namespace) -> int:
    """Make the clips of a batch; return 1 if one has failed."""
    from .batch_command import batch

    return batch(arguments)


def run_live(arguments: argparse.Namespace) -> None:
    """Serve a page with a portrait that answers."""
    from .live_command import live

    live(arguments)


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


def make_video(request: "TalkRequest", output: Path, num_samples: int = 0) -> "TalkResult":
    """Animate a portrait, or several people of a picture, then say where the time went."""
    from .talk_request import answer, doubt

    stopwatch = Stopwatch()
    result = answer(request, output, stopwatch, ProgressBar, num_samples=num_samples)
    if result.uncertain:
        write_line(doubt(request, result), sys.stderr)
    write_line(stopwatch.table(result.num_frames, result.fps))
    return result


def run_score(arguments: argparse.Namespace) -> None:
    """Score a video."""
    from .score_command import score

    score(arguments)


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
        Exit status: 0, 1 if some jobs of a batch have failed, 2 for input that can't be used, 130
        if the user stopped it.

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
        return known.run(known) or 0
    except MoDAError as error:
        write_line(str(error), sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        bar_ends = "\n" if sys.stderr.isatty() else ""
        write_line(f"{bar_ends}{stop or 'Stopped; nothing was left behind.'}", sys.stderr)
        return 130
