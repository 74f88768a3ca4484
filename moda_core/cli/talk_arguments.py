"""The options of the command `talk`."""

import argparse
from pathlib import Path

from ..audio.channels import CHANNELS
from ..emotion.labels import EMOTIONS
from ..errors import MoDAError
from ..face.face_text import EXTRA_NAMES, FACE_ORDERS, parse_box, parse_points
from ..model_files.places import ENVIRONMENT, named_folder
from .arguments import number, text_type

POINTS_HELP = (
    "where the face is, instead of looking for it: 'x,y x,y x,y x,y', the pupils, then the corners "
    "of the mouth, left to right; two more for the inner edges of the lips if the mouth is open; "
    f"others by name, such as chin:258,352: {', '.join(EXTRA_NAMES)}"
)
PRECISIONS = ("float32", "bfloat16", "float16")
# Named here too, because torch would delay the help.
ANIMATION_REGIONS = ("all", "expression", "pose", "lips", "eyes")
# Of the released renderer alone, by the name of the field of `DrivingOptions`.
DRIVING = ("animation_region", "relative_motion", "driving_multiplier", "stitching_strength")


def add_talk_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `talk` to its parser."""
    parser.argument_default = argparse.SUPPRESS  # what is not given is left out
    parser.add_argument("portrait", type=Path, metavar="PORTRAIT", help="a picture with a face")
    parser.add_argument("audio", type=Path, metavar="AUDIO", help="a file with speech")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="the video, .mp4, .mov or .mkv, or with --transparent .mov or .webm; in output/ if "
        "not named",
    )
    parser.add_argument(
        "--emotion", type=str.lower, choices=EMOTIONS, default="none", help="how the face looks"
    )
    parser.add_argument(
        "--seed",
        type=number(0, 2**64 - 1, int),
        default=42,
        help="another number gives another performance",
    )
    parser.add_argument(
        "--cfg-scale",
        type=number(0, 10),
        default=1.2,
        help="guidance, 0 to 10: more moves the face more with speech and emotion; up to 1 is off",
    )
    parser.add_argument(
        "--steps",
        type=number(1, 1000, int),
        default=10,
        help="of the sampler, 1 to 1000: more are slower and a little smoother",
    )
    parser.add_argument(
        "--fps", type=number(1, 240), default=25.0, help="frames a second, 1 to 240"
    )
    parser.add_argument("--seconds", type=number(0.04, 1e6), help="use only the beginning")
    parser.add_argument(
        "--track",
        type=number(0, 99, int),
        help="which sound track of several, 0 is the first; default: the one that players choose",
    )
    parser.add_argument(
        "--channel",
        choices=CHANNELS,
        default=CHANNELS[0],
        help="what is heard of stereo sound, such as left if each voice has a side",
    )
    parser.add_argument(
        "--no-label",
        action="store_true",
        help="leave out the file's comment that it is AI-generated",
    )
    parser.add_argument(
        "--background",
        default="white",
        metavar="COLOUR",
        type=text_type(color_text),
        help="behind the transparent parts of the picture: a name, or '#00ff00'",
    )
    parser.add_argument(
        "--transparent",
        action="store_true",
        help="keep these parts transparent: ProRes 4444 (.mov) or VP9 (.webm); takes twice as long",
    )
    parser.add_argument("--device", default="cpu", help="where torch computes: cpu, cuda, mps")
    _add_face_arguments(parser)
    _add_released_arguments(parser)


def _add_face_arguments(parser: argparse.ArgumentParser) -> None:
    faces = parser.add_argument_group("which face")
    faces.add_argument(
        "--face", type=number(0, 99, int), default=0, help="which face of several, 0 is the first"
    )
    faces.add_argument(
        "--face-order", choices=FACE_ORDERS, default="largest", help="which face comes first"
    )
    faces.add_argument(
        "--box", type=text_type(parse_box), help="look only here: 'x,y,width,height'"
    )
    faces.add_argument("--points", type=text_type(parse_points), help=POINTS_HELP)


def _add_released_arguments(parser: argparse.ArgumentParser) -> None:
    released = parser.add_argument_group("the released networks")
    released.add_argument(
        "--models",
        type=Path,
        help="folder with the released files, see web/docs/released.md; default what "
        f"{ENVIRONMENT} names, else the starter plays",
    )
    released.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the renderer (default: float32); the others take half the memory and are faster "
        "on most GPUs and on new CPUs",
    )
    released.add_argument(
        "--region",
        dest="animation_region",
        choices=ANIMATION_REGIONS,
        help="what of the face moves (default: all)",
    )
    released.add_argument(
        "--relative",
        dest="relative_motion",
        action=argparse.BooleanOptionalAction,
        help="begin at the picture's own pose and expression (default: at those of the motion)",
    )
    released.add_argument(
        "--multiplier",
        dest="driving_multiplier",
        metavar="FACTOR",
        type=number(0, 5),
        help="how strong the movement is, 0 to 5 (default: 1, as sampled)",
    )
    released.add_argument(
        "--stitching",
        dest="stitching_strength",
        metavar="STRENGTH",
        type=number(0, 1),
        help="how firmly the shoulders are held, 0 to 1 (default: 1)",
    )


def color_text(text: str) -> str:
    """Return a colour's text; ValueError if it names none."""
    from ..portrait.cutout import parse_color

    parse_color(text)
    return text


def talk_settings(arguments: argparse.Namespace) -> dict:
    """Return the fields of `TalkSettings` that the arguments name."""
    import torch

    from ..liveportrait.driving import DrivingOptions
    from ..portrait.find_face import FaceChoice
    from ..sampling.options import SamplingOptions

    given = vars(arguments)
    models = given.get("models") or named_folder()
    if "models" not in given and models is not None and not models.is_dir():
        raise MoDAError(
            f"{ENVIRONMENT} names '{models}', which is not a folder. Correct or unset it."
        )
    driving = {name: given[name] for name in DRIVING if name in given}
    if models is None and (driving or "precision" in given):
        raise MoDAError(
            "--precision, --region, --relative, --multiplier and --stitching are for the released "
            "networks. Add --models FOLDER, or leave them out."
        )
    if "points" in given and (
        "box" in given or arguments.face or arguments.face_order != "largest"
    ):
        raise MoDAError(
            "--points already says which face it is. Leave out --face, --face-order and --box."
        )
    return {
        "emotion": arguments.emotion,
        "options": SamplingOptions(arguments.steps, arguments.cfg_scale, arguments.seed),
        "fps": arguments.fps,
        "seconds": given.get("seconds"),
        "track": given.get("track"),
        "channel": arguments.channel,
        "face": FaceChoice(
            given.get("points"), given.get("box"), arguments.face, arguments.face_order
        ),
        "background": arguments.background,
        "transparent": given.get("transparent", False),
        "labelled": not given.get("no_label", False),
        "device": arguments.device,
        "models": models,
        "dtype": getattr(torch, given.get("precision", "float32")),
        "driving": DrivingOptions(**driving) if driving else None,
    }
