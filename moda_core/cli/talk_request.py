"""What `talk` was asked for, from its arguments to the video."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..bundles.scene.face_place import FacePlace
from ..errors import MissingModelError, MoDAError
from ..runtime.out_of_memory import is_out_of_memory
from ..runtime.stopwatch import Stopwatch
from ..sampling.chain import Progress
from .console import shell_word
from .kept import Kept
from .talk import TalkResult, TalkSettings, talk
from .talk_arguments import talk_settings
from .talk_scene import NamedFace, talk_scene

POINTS_REMEDY = "give the eyes and mouth corners: --points 'x,y x,y x,y x,y'"


@dataclass(frozen=True)
class TalkRequest:
    """A picture or video, what is said in it, and how.

    Parameters
    ----------
    audio : Path, optional
        Not with `speakers`, and not needed if the settings name a motion.
    speakers : tuple of (name, face, Path)
        People of the picture, each with a recording.
    """

    portrait: Path
    audio: Path | None
    settings: TalkSettings = field(default_factory=TalkSettings)
    speakers: tuple[tuple[str, FacePlace, Path], ...] = ()

    @property
    def output_name(self) -> str:
        """Name of the video where the user chose none."""
        suffix = ".mov" if self.settings.transparent else ".mp4"
        played = "scene" if self.speakers else (self.audio or self.settings.motion).stem
        return f"{self.portrait.stem}-{played}{suffix}"

    @property
    def inputs(self) -> list[Path]:
        """All files that are read, models aside."""
        named = self.portrait, self.audio, self.settings.motion, self.settings.background
        files = [path for path in named if isinstance(path, Path)]
        return files + [audio for _, _, audio in self.speakers]


def read_request(arguments: argparse.Namespace) -> TalkRequest:
    """Return what the arguments of `talk` ask for; raises MoDAError if it can't be."""
    settings = TalkSettings(**talk_settings(arguments))
    speakers = tuple(getattr(arguments, "speaker", ()))
    return TalkRequest(arguments.portrait, arguments.audio, settings, speakers)


def answer(
    request: TalkRequest,
    output: Path,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[str], Progress] | None = None,
    kept: Kept | None = None,
    num_samples: int = 0,
) -> TalkResult:
    """Write the video of a request; raises MoDAError if it can't be made."""
    settings, shown = request.settings, (stopwatch, progress)
    try:
        if request.speakers:
            people = [NamedFace(*speaker) for speaker in request.speakers]
            return talk_scene(request.portrait, people, output, settings, *shown, kept)
        inputs = request.portrait, request.audio, output, settings
        return talk(*inputs, *shown, num_samples, kept)
    except MissingModelError as error:
        command = f"python run.py models --models {shell_word(settings.models)}"
        raise MoDAError(f"{error} '{command}' says where each comes from.") from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise MoDAError(
            f"There is not enough memory on the device '{settings.device}'. Close other programs, "
            "use another device, or a shorter recording."
        ) from error


def doubt(request: TalkRequest, result: TalkResult) -> str:
    """Return a sentence about a face that was found with low confidence."""
    remedy = "use another picture" if request.speakers else POINTS_REMEDY
    return (
        f"The face was found with low confidence ({result.confidence:.2f}). If it looks wrong, "
        f"{remedy}."
    )
