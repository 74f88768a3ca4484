"""A portrait: the picture, where its face is, and what its renderer prepared of it."""

from dataclasses import dataclass

from torch import Tensor

from ..face.landmarks import FaceLandmarks


@dataclass(frozen=True, eq=False)
class Portrait:
    """A face that one renderer can animate; made by that renderer's `portrait`.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        The full picture.
    landmarks : FaceLandmarks
        Of the face in it.
    renderer : str
        Name of the renderer that made the portrait, the only one that can render it.
    identity : Tensor, shape (63,)
        Identity input of the motion model, keypoint-major.
    prepared : object
        Private to the renderer.
    cutout : Cutout, optional
        The same over another background, if the picture has transparent parts.
    clip : FaceClip, optional
        The clip of which the picture is one frame, if each frame is its own picture.
    """

    image: Tensor
    landmarks: FaceLandmarks
    renderer: str
    identity: Tensor
    prepared: object
    cutout: object = None
    clip: object = None

    def __repr__(self) -> str:
        kind = "Portrait" if self.clip is None else "Portrait of a clip"
        return f"{kind}({self.size[0]}x{self.size[1]}, renderer {self.renderer!r})"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.image.shape[1], self.image.shape[0]


def check_playable(portrait: Portrait, renderer: str, chunk: int = 1) -> None:
    """Check a request to a renderer: its portrait, and the number of frames in memory at once.

    Raises
    ------
    ValueError
        If another renderer made the portrait, or `chunk` is below 1.
    """
    if portrait.renderer != renderer:
        raise ValueError(
            f"This portrait was made for the renderer {portrait.renderer!r}, not for "
            f"{renderer!r}. Make it again with this renderer."
        )
    if chunk < 1:
        raise ValueError(f"Expected a chunk of at least 1 frame, got {chunk}.")
