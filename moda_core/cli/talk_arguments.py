"""The options of the command `talk`."""

import argparse
import os
from fractions import Fraction
from pathlib import Path

from ..audio.channels import CHANNELS
from ..bundles.scene.face_place import parse_face_place
from ..emotion.labels import EMOTIONS
from ..errors import MoDAError
from ..face.face_text import EXTRA_NAMES, FACE_ORDERS, parse_box, parse_points
from ..model_files.places import ENVIRONMENT, named_folder
from .arguments import A_TIME, clock_seconds, number, text_type

POINTS_HELP = (
    "where the face is, instead of looking for it: 'x,y x,y x,y x,y', the pupils, then the corners "
    "of the mouth, left to right; two more for the inner edges of the lips if the mouth is open; "
    f"others by name, such as chin:258,352: {', '.join(EXTRA_NAMES)}"
)
PRECISIONS = ("float32", "bfloat16", "float16")
# Named here too, because torch would delay the help.
ANIMATION_REGIONS = ("all", "expression", "pose", "lips", "eyes")
FITS = ("crop", "fit", "stretch")
QUALITIES = ("standard", "high", "small file")
REGIONS = ("lower face", "whole face")
AFTER_END = ("loop", "hold", "cut")
SIZE_LIMIT = 1920
# What has no effect where motion comes from a file, and its default.
SAMPLING = {"emotion": "none", "seed": 42, "cfg_scale": 1.2, "steps": 10}
OF_RECORDING = ("start", "seconds", "loudness", "track", "channel")
# What has no effect for several people.
NOT_OF_SCENES = (
    *OF_RECORDING,
    *("motion", "save_motion", "box", "points", "background_fit", "transparent"),
)
LARGEST_SIDE = 16384  # of libx264
# Of the released renderer alone, by the name of the field of `DrivingOptions`.
DRIVING = ("animation_region", "relative_motion", "driving_multiplier", "stitching_strength")


def add_talk_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `talk` to its parser."""
    parser.argument_default = argparse.SUPPRESS  # what is not given is left out
    parser.add_argument(
        "portrait", type=Path, metavar="PORTRAIT", help="a picture with a face, or a video"
    )
    parser.add_argument(
        "audio",
        type=Path,
        nargs="?",
        default=None,  # that of the parser would be taken for a name; the help leaves it out
        metavar="AUDIO",
        help="a file with speech; not needed with --motion and --speaker%(default).0s",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="the video, .mp4, .mov or .mkv, or with --transparent .mov or .webm; in output/ if "
        "not named",
    )
    add_performance(parser)
    parser.add_argument(
        "--cfg-scale",
        type=number(0, 10),
        default=SAMPLING["cfg_scale"],
        help="guidance, 0 to 10: more moves the face more with speech and emotion; up to 1 is off",
    )
    parser.add_argument(
        "--steps",
        type=number(1, 1000, int),
        default=SAMPLING["steps"],
        help="of the sampler, 1 to 1000: more are slower and a little smoother",
    )
    parser.add_argument(
        "--fps",
        type=text_type(exact_rate),
        help="frames a second, 1 to 240 (default: 25, or those of the video that is animated); "
        "29.97 means 30000/1001, which may be written too",
    )
    parser.add_argument(
        "--quality",
        choices=QUALITIES,
        help="of the H.264 encoding (default: standard); high is about twice as large",
    )
    parser.add_argument(
        "--no-label",
        action="store_true",
        help="leave out the file's comment that it is AI-generated",
    )
    parser.add_argument(
        "--background",
        default="white",
        metavar="COLOUR|FILE",
        type=text_type(color_or_file),
        help="behind the transparent parts of the picture: a name, '#00ff00', or a picture or "
        "video; of a picture without transparency the file is seen around the face",
    )
    parser.add_argument(
        "--background-fit",
        choices=FITS,
        help="how a background of another size is shown (default: crop): filling the frame and "
        "cut, whole between black bars, or stretched",
    )
    parser.add_argument(
        "--max-side",
        type=number(64, LARGEST_SIDE, int),
        default=SIZE_LIMIT,
        metavar="PIXELS",
        help="scale a larger picture down to this",
    )
    parser.add_argument(
        "--transparent",
        action="store_true",
        help="keep these parts transparent: ProRes 4444 (.mov) or VP9 (.webm); takes twice as long",
    )
    add_device(parser)
    _add_sound_arguments(parser)
    _add_motion_arguments(parser)
    add_face_arguments(parser)
    _add_clip_arguments(parser)
    _add_scene_arguments(parser)
    _add_released_arguments(parser)


def add_performance(parser: argparse.ArgumentParser, looks: str = "how the face looks") -> None:
    """Add the choices of an emotion, with its help, and of a seed to a parser."""
    parser.add_argument(
        "--emotion",
        type=str.lower,
        choices=EMOTIONS,
        default=SAMPLING["emotion"],
        help=looks,
    )
    parser.add_argument(
        "--seed",
        type=number(0, 2**64 - 1, int),
        default=SAMPLING["seed"],
        help="another number gives another performance",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a device to a parser."""
    parser.add_argument("--device", default="cpu", help="where torch computes: cpu, cuda, mps")


def _add_sound_arguments(parser: argparse.ArgumentParser) -> None:
    sound = parser.add_argument_group("the recording")
    sound.add_argument(
        "--start",
        type=number(0, 1e6, clock_seconds, A_TIME),
        metavar="TIME",
        help="where in the recording to begin: seconds, or m:ss",
    )
    sound.add_argument(
        "--seconds",
        type=number(0.04, 1e6, clock_seconds, A_TIME),
        metavar="TIME",
        help="use only this much of it: seconds, or m:ss",
    )
    sound.add_argument(
        "--loudness",
        type=number(-60, 0),
        metavar="DB",
        help="bring it to this level, in dB of full scale; -23 is that of broadcasts and of "
        "MoDA Encode Audio",
    )
    sound.add_argument(
        "--track",
        type=number(0, 99, int),
        help="which sound track of several, 0 is the first; default: the one that players choose",
    )
    sound.add_argument(
        "--channel",
        choices=CHANNELS,
        help="what is heard of stereo sound (default: mix), such as left if each voice has a side",
    )


def _add_motion_arguments(parser: argparse.ArgumentParser) -> None:
    motion = parser.add_argument_group("motion in files")
    motion.add_argument(
        "--motion",
        type=Path,
        metavar="FILE",
        help="play this motion instead of sampling: .safetensors, .json, a LivePortrait "
        "template (.pkl), or that of a face in a video",
    )
    motion.add_argument(
        "--save-motion",
        type=Path,
        metavar="FILE",
        help="also save the motion, as .safetensors or .json",
    )


def add_face_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a face to a parser."""
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


def _add_clip_arguments(parser: argparse.ArgumentParser) -> None:
    clip = parser.add_argument_group("a video instead of a portrait")
    clip.add_argument(
        "--replace",
        dest="region",
        choices=REGIONS,
        help="what the motion moves (default: lower face); the rest of the video stays as it is",
    )
    clip.add_argument(
        "--after-end",
        choices=AFTER_END,
        help="what a video does that is shorter than the motion (default: loop, there and back)",
    )


def _add_scene_arguments(parser: argparse.ArgumentParser) -> None:
    scene = parser.add_argument_group("several people in the picture")
    scene.add_argument(
        "--speaker",
        nargs=3,
        action=AddSpeaker,
        metavar=("NAME", "FACE", "AUDIO"),
        help="a person, once for each: a name; which face, left, right, a number from 0 for the "
        "leftmost, or x,y in pixels; and a file with what the person says, silent while the others "
        "speak. Who does not speak listens",
    )


class AddSpeaker(argparse.Action):
    """Reads NAME FACE AUDIO, and adds them to the list of those before."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Add a speaker to the namespace."""
        name, face, audio = values
        try:
            place = parse_face_place(face)
        except ValueError as error:
            raise argparse.ArgumentError(self, str(error)) from error
        speakers = [*getattr(namespace, self.dest, []), (name, place, Path(audio))]
        setattr(namespace, self.dest, speakers)


def _add_released_arguments(parser: argparse.ArgumentParser) -> None:
    released = parser.add_argument_group("the released networks")
    add_models(released)
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


def add_models(group: argparse._ArgumentGroup) -> None:
    """Add the folder of the released files, and their precision, to a group of arguments."""
    group.add_argument(
        "--models",
        type=Path,
        help="folder with the released files, see web/docs/released.md; default what "
        f"{ENVIRONMENT} names, else the starter plays",
    )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the renderer (default: float32); the others take half the memory and are faster "
        "on most GPUs and on new CPUs",
    )


def chosen_face(arguments: argparse.Namespace):
    """Return the `FaceChoice` of the arguments; MoDAError if they contradict each other."""
    from ..portrait.find_face import FaceChoice

    given = vars(arguments)
    if "points" in given and (
        "box" in given or arguments.face or arguments.face_order != "largest"
    ):
        raise MoDAError(
            "--points already says which face it is. Leave out --face, --face-order and --box."
        )
    return FaceChoice(given.get("points"), given.get("box"), arguments.face, arguments.face_order)


def color_or_file(text: str) -> str | Path:
    """Return a colour's text, or the path of a file; ValueError if it is neither."""
    from ..portrait.cutout import parse_color

    try:
        parse_color(text)
    except ValueError as error:
        if os.path.exists(text):
            return Path(text)
        raise ValueError(
            f"expected a colour such as 'white' or '#00ff00', or a file that exists, got {text!r}"
        ) from error
    return text


def exact_rate(text: str) -> Fraction:
    """Return a frame rate; ValueError if the text is none."""
    from ..video.writer import parse_frame_rate

    return parse_frame_rate(text)


def model_folder() -> Path | None:
    """Return the folder of models that the environment names; raises MoDAError if it is none."""
    folder = named_folder()
    if folder is not None and not folder.is_dir():
        raise MoDAError(
            f"{ENVIRONMENT} names '{folder}', which is not a folder. Correct or unset it."
        )
    return folder


def talk_settings(arguments: argparse.Namespace) -> dict:
    """Return the fields of `TalkSettings` that the arguments name."""
    import torch

    from ..liveportrait.driving import DrivingOptions
    from ..sampling.options import SamplingOptions

    given = vars(arguments)
    models = given.get("models") or model_folder()
    driving = {name: given[name] for name in DRIVING if name in given}
    if models is None and (driving or "precision" in given):
        raise MoDAError(
            "--precision, --region, --relative, --multiplier and --stitching are for the released "
            "networks. Add --models FOLDER, or leave them out."
        )
    face = chosen_face(arguments)
    _check_combinations(arguments)
    return {
        "emotion": arguments.emotion,
        "options": SamplingOptions(arguments.steps, arguments.cfg_scale, arguments.seed),
        "fps": given.get("fps"),
        "start_s": given.get("start", 0.0),
        "seconds": given.get("seconds"),
        "track": given.get("track"),
        "channel": given.get("channel", CHANNELS[0]),
        "loudness_db": given.get("loudness"),
        "motion": given.get("motion"),
        "save_motion": given.get("save_motion"),
        "quality": given.get("quality", "standard"),
        "max_side": arguments.max_side,
        "face": face,
        "background": arguments.background,
        "background_fit": given.get("background_fit", "crop"),
        "transparent": given.get("transparent", False),
        "region": given.get("region", REGIONS[0]),
        "after_end": given.get("after_end", AFTER_END[0]),
        "labelled": not given.get("no_label", False),
        "device": arguments.device,
        "models": models,
        "dtype": getattr(torch, given.get("precision", "float32")),
        "driving": DrivingOptions(**driving) if driving else None,
    }


def _check_combinations(arguments: argparse.Namespace) -> None:
    """Raise MoDAError for options that would have no effect beside others."""
    given = vars(arguments)
    is_file = isinstance(arguments.background, Path)
    no_audio = arguments.audio is None
    if "speaker" in given:
        _check_scene(arguments)
        return
    unused = [f"--{name}" for name in OF_RECORDING if name in given and no_audio]
    sampled = [name for name, default in SAMPLING.items() if given[name] != default]
    sampled += ["channel"] * ("channel" in given)
    if no_audio and "motion" not in given:
        raise MoDAError(
            "There is nothing to play. Name a recording, a motion with --motion, or people with "
            "--speaker."
        )
    if unused:
        raise MoDAError(
            f"{' and '.join(unused)} would change nothing without a recording. Name one, AUDIO, "
            "or leave them out."
        )
    if "motion" in given and sampled:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in sampled)
        raise MoDAError(
            f"{names} would change nothing, because the motion comes from '{arguments.motion}'. "
            "Leave out these options, or --motion."
        )
    if "background_fit" in given and not is_file:
        raise MoDAError(
            "--background-fit is for a picture or video. Name its file with --background, or "
            "leave it out."
        )
    if "transparent" in given and (is_file or "quality" in given):
        other = (
            f"the background '{arguments.background}'"
            if is_file
            else "--quality, which is of H.264"
        )
        raise MoDAError(f"A transparent video has no use for {other}. Leave out one of them.")


def _check_scene(arguments: argparse.Namespace) -> None:
    """Raise MoDAError for options that would have no effect beside --speaker."""
    given = vars(arguments)
    unused = [f"--{name.replace('_', '-')}" for name in NOT_OF_SCENES if name in given]
    unused += ["AUDIO"] * (arguments.audio is not None)
    unused += ["--face"] * (arguments.face != 0)
    unused += ["--face-order"] * (arguments.face_order != FACE_ORDERS[0])
    unused += ["--background"] * (arguments.background != "white")
    if unused:
        raise MoDAError(
            f"{' and '.join(unused)} would change nothing beside --speaker, which names the face "
            "and the recording of each person. Leave out one of them."
        )
