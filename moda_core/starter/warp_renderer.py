"""The geometric renderer: a portrait is warped by head pose and expression, with no weights.

A coarse field says where every pixel comes from; the mouth and the eyes, whose edges are sharp, are
worked out at full resolution. The picture is sampled once, at its own resolution, and only where
something moves: elsewhere frames equal the picture bit for bit.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..motion import Motion
from ..portrait.landmarks import FaceLandmarks
from ..portrait.portrait import Portrait, check_playable
from .drive import Pose, bounded_controls, bounded_pose, chunk_of
from .face_shape import face_shape
from .identity import identity_keypoints
from .shape_fit import fit_shape
from .warp_frame import render_chunk
from .warp_region import prepare_region

STARTER_RENDERER = "starter (built in)"
DTYPES = (torch.float32, torch.float64)
CHUNK, CHUNK_PIXELS = 8, 16_000_000  # frames and pixels that are rendered at once, at most


class WarpRenderer:
    """Renders portraits by warping them; needs no weights.

    Parameters
    ----------
    device : str or torch.device
        Where frames are computed; they are returned on the CPU.
    dtype : torch.dtype
        Of coordinates and colours, float32 or float64.

    Raises
    ------
    ValueError
        If `dtype` is too coarse for coordinates.
    """

    name = STARTER_RENDERER

    def __init__(
        self, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        if dtype not in DTYPES:
            raise ValueError(
                f"{dtype} is too coarse for pixel coordinates. Use torch.float32 or torch.float64."
            )
        self.device, self.dtype = torch.device(device), dtype

    def portrait(self, image: Tensor, landmarks: FaceLandmarks) -> Portrait:
        """Prepare a picture for `frames`.

        Parameters
        ----------
        image : Tensor, shape (H, W, 3), uint8
            The full picture.
        landmarks : FaceLandmarks
            Of the face to animate, in pixels of `image`.

        Returns
        -------
        Portrait

        Raises
        ------
        ValueError
            If the picture has another shape or type, or the points make no face.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != torch.uint8:
            raise ValueError(
                "Expected an image of shape (H, W, 3) and type uint8, got "
                f"{tuple(image.shape)} {image.dtype}. Convert it to 8-bit RGB."
            )
        check_inside(landmarks, image)
        shape = fit_shape(face_shape(landmarks), image.cpu().numpy())
        with torch.inference_mode():
            region = prepare_region(image.to(self.device), shape, self.dtype)
        return Portrait(image.cpu(), landmarks, self.name, identity_keypoints(landmarks), region)

    def chunk_size(self, portrait: Portrait) -> int:
        """Return how many frames of a portrait to render at once."""
        return max(1, min(CHUNK, CHUNK_PIXELS // portrait.image[..., 0].numel()))

    def frames(self, portrait: Portrait, motion: Motion, chunk: int = CHUNK) -> Iterator[Tensor]:
        """Render a motion, a chunk of frames at a time.

        Parameters
        ----------
        portrait : Portrait
            Made by this renderer.
        motion : Motion
            Of any model; what it asks for is softly bounded to what a warp can show.
        chunk : int
            Frames in memory at once, at least 1.

        Yields
        ------
        Tensor, shape (n, H, W, 3), uint8
            Full pictures on the CPU, n at most `chunk`.

        Raises
        ------
        ValueError
            If the portrait belongs to another renderer or `chunk` is below 1.
        """
        check_playable(portrait, self.name, chunk)
        controls, pose = bounded_controls(motion), bounded_pose(motion)
        for start in range(0, len(motion), chunk):
            stop = min(start + chunk, len(motion))
            like = portrait.prepared.face_x
            # Not in inference mode: that would last, in the consumer, while this waits.
            yield render_chunk(
                portrait.image,
                portrait.prepared,
                chunk_of(controls, start, stop, like),
                Pose(**chunk_of(pose, start, stop, like)),
            )


def check_inside(landmarks: FaceLandmarks, image: Tensor) -> None:
    """Check that landmarks lie in the picture, or at most half an eye distance outside.

    Parameters
    ----------
    landmarks : FaceLandmarks
        In pixels of `image`.
    image : Tensor, shape (H, W, 3)
        The full picture.

    Raises
    ------
    ValueError
        If one lies further outside.
    """
    height, width = image.shape[:2]
    margin = 0.5 * landmarks.eye_distance
    for x, y in landmarks.points():
        if not (-margin <= x <= width + margin and -margin <= y <= height + margin):
            raise ValueError(
                f"Expected points inside the picture of {width}x{height} pixels, got "
                f"({x:.0f}, {y:.0f}). Give them in pixels of the picture, x before y."
            )
