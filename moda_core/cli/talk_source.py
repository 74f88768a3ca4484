"""What is animated: a picture with a face, or a video."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from torch import Tensor

from ..bundles.bundle import limited_opacity, prepared_portrait
from ..clip.clip_portrait import clip_portrait
from ..clip.play_clip import HIGHEST_RATE, LOWEST_RATE
from ..compositing.renderer import Renderer
from ..errors import InputFileError
from ..face.landmarks import FaceLandmarks
from ..motion.motion import FPS
from ..portrait.cutout import parse_color
from ..portrait.find_face import FaceChoice, locate_face
from ..portrait.image import BACKGROUND
from ..portrait.picture_kind import is_video
from ..portrait.portrait import Portrait
from ..sampling.chain import Progress
from ..video.footage import Footage, open_footage
from .kept import Kept

ProgressOf = Callable[[str], Progress]  # by the name of a step


@dataclass(frozen=True, eq=False)
class PictureSource:
    """A picture, and the face in it."""

    path: Path
    image: Tensor
    landmarks: FaceLandmarks
    opacity: Tensor | None
    color: str  # behind its transparent parts
    rate: float = FPS

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]

    def portrait(self, renderer: Renderer, progress: ProgressOf) -> Portrait:
        """Prepare it for a renderer."""
        color, source = parse_color(self.color), f"'{self.path}': "
        return prepared_portrait(renderer, self.image, self.landmarks, color, self.opacity, source)


@dataclass(frozen=True, eq=False)
class VideoSource:
    """A video, and the choice of a face in it."""

    footage: Footage
    face: FaceChoice
    region: str
    after_end: str

    @property
    def rate(self) -> Fraction:
        """Frames a second, within those of a video."""
        return min(max(self.footage.rate, LOWEST_RATE), HIGHEST_RATE)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.footage.size

    def portrait(self, renderer: Renderer, progress: ProgressOf) -> Portrait:
        """Follow the face, and prepare it for a renderer."""
        return clip_portrait(
            renderer,
            self.footage,
            self.face,
            self.region,
            self.after_end,
            progress=progress("face"),
        )


def open_source(path: str | Path, settings, kept: Kept) -> PictureSource | VideoSource:
    """Open a picture or a video, and find the face in a picture.

    `settings` are `TalkSettings`; a picture may be `kept`. Raises InputFileError if the file is
    neither, or opaque though its transparent parts are asked for, and FaceNotFoundError if a
    picture has no usable face.
    """
    path = Path(path)
    if is_video(path):
        if settings.transparent:
            raise InputFileError(
                f"'{path}' is a video, which has no transparent parts. Leave out --transparent."
            )
        return VideoSource(open_footage(path), settings.face, settings.region, settings.after_end)
    return kept.source(path, settings, lambda: open_picture(path, settings))


def open_picture(path: Path, settings) -> PictureSource:
    """Read a picture and find the face in it; errors as `open_source`."""
    image, landmarks = locate_face(path, settings.face, settings.max_side)
    opacity = limited_opacity(path, settings.max_side)
    if settings.transparent and opacity is None:
        raise InputFileError(
            f"'{path}' has no transparent parts. Use a cut-out, such as a PNG with transparency, "
            "or leave out --transparent."
        )
    is_color = isinstance(settings.background, str)
    color = settings.background if is_color else BACKGROUND
    return PictureSource(path, image, landmarks, opacity, color)
