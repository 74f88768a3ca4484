"""A portrait: the picture, where its face is, and what its renderer prepared of it."""

from dataclasses import dataclass

from torch import Tensor

from .landmarks import FaceLandmarks


@dataclass(frozen=True, eq=False)
class Portrait:
    """One face that one renderer can animate; made by that renderer's `portrait`.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        The full picture.
    landmarks : FaceLandmarks
        Of the face in it.
    renderer : str
        Name of the renderer that made this; only that one can play it.
    identity : Tensor, shape (63,)
        What the motion model is told of the face, keypoint-major.
    prepared : object
        What the renderer computed once for this picture; nobody else reads it.
    """

    image: Tensor
    landmarks: FaceLandmarks
    renderer: str
    identity: Tensor
    prepared: object

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Portrait({width}x{height}, renderer {self.renderer!r})"
