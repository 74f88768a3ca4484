"""What every renderer offers."""

from collections.abc import Callable, Iterator
from typing import Protocol

from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..motion.motion import Motion
from ..portrait.crop import CROP_SCALE, CropTransform
from ..portrait.portrait import Portrait
from .compositing import Compositing


class Renderer(Protocol):
    """What every renderer offers, with the errors that each raises."""

    name: str

    slack: float  # by how much the background's colour may change the face, of 1

    free_memory: Callable[[], None] | None

    def portrait(
        self, image: Tensor, landmarks: FaceLandmarks, crop_scale: float = CROP_SCALE
    ) -> Portrait:
        """Prepare a picture for `frames`.

        Parameters
        ----------
        image : Tensor, shape (H, W, 3), uint8
            The full picture.
        landmarks : FaceLandmarks
            Of the face to animate, in pixels of `image`.
        crop_scale : float
            Side of the crop over that of the square around the face.

        Raises
        ------
        ValueError
            If the picture has another shape or type, the points make no face, or the scale is not
            above 0.
        """

    def with_picture(self, portrait: Portrait, image: Tensor) -> Portrait:
        """Return a portrait that moves another picture (H, W, 3), uint8, in the same way."""

    def chunk_size(self, portrait: Portrait) -> int:
        """Return how many frames of a portrait to render at once."""

    def frames(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int,
        *,
        compositing: Compositing | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render a motion, a chunk of frames at a time.

        Where memory runs out, the chunk is halved and rendering goes on.

        Parameters
        ----------
        portrait : Portrait
            Made by this renderer.
        motion : Motion
            Of any model.
        chunk : int
            Frames in memory at once, at least 1.
        compositing : Compositing, optional
            Where frames are seen, and over what; default a square with soft edges.
        start, stop : int
            First frame to render, and the one after the last; default all. A part of the motion
            would start from its own pose instead. The backdrop counts from `start`.

        Yields
        ------
        Tensor, shape (n, H, W, 3), uint8
            Full pictures on the CPU, n at most `chunk`.

        Raises
        ------
        ValueError
            If the portrait belongs to another renderer, `chunk` is below 1, or a mask or backdrop
            has another size than the picture.
        MoDAError
            If there is not enough memory for a single frame.
        """

    def faces(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render the square around the face, (n, 512, 512, 3); parameters as in `frames`."""

    def crop(self, portrait: Portrait) -> tuple[Tensor, CropTransform]:
        """Return the unmoved square (512, 512, 3) uint8, and where it lies in the picture.

        This and the mask raise ValueError if the portrait belongs to another renderer.
        """

    def paste_mask(self, portrait: Portrait) -> Tensor:
        """Return where frames replace the picture, (H, W) in [0, 1]."""
