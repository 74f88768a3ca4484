"""The part of a picture around a face, at the size of a preview."""

from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from .crop import crop_from_landmarks


def face_view(image: Tensor, landmarks: FaceLandmarks, size: int) -> tuple[Tensor, FaceLandmarks]:
    """Cut out the head and its surroundings, upright as in the picture, and scale them.

    Parameters
    ----------
    image : Tensor, shape (H, W, 3), uint8
        The full picture.
    landmarks : FaceLandmarks
        In pixels of `image`.
    size : int
        Longer side of the result in pixels.

    Returns
    -------
    view : Tensor, shape (h, w, 3), uint8
        Square but where the picture ends.
    landmarks : FaceLandmarks
        In pixels of `view`.
    """
    transform = crop_from_landmarks(landmarks)
    height, width = image.shape[:2]
    low = np.floor(transform.center - transform.side / 2).clip(0)
    high = np.ceil(transform.center + transform.side / 2).clip(max=(width, height))
    (left, top), (right, bottom) = low.astype(int).tolist(), high.astype(int).tolist()
    part = image[top:bottom, left:right].cpu().numpy()
    scale = size / max(part.shape[:2])
    shown = [max(1, round(scale * side)) for side in part.shape[1::-1]]
    view = Image.fromarray(part).resize(shown, Image.Resampling.LANCZOS)
    moved = replace(landmarks, mesh=landmarks.mesh - (left, top, 0))
    across, down = (new / old for new, old in zip(shown, part.shape[1::-1], strict=True))
    return torch.from_numpy(np.array(view)), moved.scaled(across, down)
