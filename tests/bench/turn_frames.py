"""The turned pictures that `bench turn` writes and `bench turn-seen` measures."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import rotate

from moda_core.editing.idling import still_motion
from moda_core.motion.motion import PITCH, ROLL, YAW, Motion

LIST = "turn_frames.json"
REST = ("yaw", 0.0)
# What renderers are asked for, and what synthetic heads truly do.
ASKED = (
    REST,
    *(("yaw", angle) for angle in (-20.0, -10.0, 10.0, 20.0)),
    *(("pitch", angle) for angle in (-12.0, 12.0)),
    *(("roll", angle) for angle in (-10.0, 10.0)),
)
TRUE = (
    *ASKED,
    *(("yaw", angle) for angle in (-25.0, -15.0, -5.0, 5.0, 15.0, 25.0)),
    *(("pitch", angle) for angle in (-18.0, -6.0, 6.0, 18.0)),
)
DIMS = {"pitch": PITCH, "yaw": YAW, "roll": ROLL}
# The last two are of a synthetic head.
PORTRAIT, ROTATED, TRUTH, RENDERED = "portrait", "rotated", "truth", "rendered"


@dataclass(frozen=True)
class TurnFrame:
    """A picture of a head that was asked to turn.

    Parameters
    ----------
    kind : {"portrait", "rotated", "truth", "rendered"}
        A portrait by the renderer, a portrait's picture rotated as a whole, a synthetic head truly
        turned, or its first picture by the renderer.
    name : str
        Of the head.
    axis : {"pitch", "yaw", "roll"}
    asked_deg : float
        0 is the pose of the source.
    """

    kind: str
    name: str
    axis: str
    asked_deg: float

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.kind}-{self.name}-{self.axis}{self.asked_deg:+.0f}.jpg"

    @property
    def source(self) -> "TurnFrame":
        """The frame of the same head that is not turned."""
        return TurnFrame(self.kind, self.name, *REST)


def turning_motion(movements: tuple[tuple[str, float], ...]) -> Motion:
    """Return a motion at rest that has a frame for each turn (axis, degrees)."""
    motion = still_motion(len(movements))
    for index, (axis, degrees) in enumerate(movements):
        motion.values[index, DIMS[axis]] = degrees
    return motion


def rotated_picture(pixels: np.ndarray, degrees: float) -> np.ndarray:
    """Rotate a picture (H, W, 3), uint8, as a whole, by the sign of `Motion`'s roll.

    Its border is continued beyond it.
    """
    turned = rotate(pixels.astype(np.float32), -degrees, (1, 0), reshape=False, mode="nearest")
    return np.clip(turned + 0.5, 0, 255).astype(np.uint8)


def write_frame(folder: Path, frame: TurnFrame, pixels: np.ndarray | torch.Tensor) -> None:
    """Write a picture (H, W, 3), uint8, as a JPEG that is nearly lossless."""
    picture = Image.fromarray(np.asarray(pixels))
    picture.save(folder / frame.file, quality=97, subsampling=0)


def write_list(folder: Path, frames: list[TurnFrame]) -> None:
    """Write which frames a folder holds."""
    (folder / LIST).write_text(json.dumps([asdict(frame) for frame in frames]), encoding="utf-8")


def read_list(folder: Path) -> list[TurnFrame]:
    """Read which frames a folder holds."""
    listed = json.loads((folder / LIST).read_text("utf-8"))
    return [TurnFrame(**frame) for frame in listed]
