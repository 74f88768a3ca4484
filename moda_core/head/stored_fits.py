"""The head fits of the frames of a clip, in little memory."""

import numpy as np
import torch
from torch import Tensor

from .head_fit import HeadFit
from .head_model import head_model


class StoredFits:
    """Fits of one person's shape: 116 bytes a frame. Moves are exact to 1e-3, the rest to 1e-6.

    Parameters
    ----------
    num_frames : int
        N; each frame's fit is stored by ``fits[index] = fit``.
    shape : Tensor, shape (40,)
        See `HeadFit`.

    Attributes
    ----------
    rotations : array, shape (N, 3, 3)
        From the head's axes to the camera's; NaN where the face is lost.
    places : array, shape (N, 3)
        Pixel x and y of the head's origin, and pixels in a decimetre at its depth.
    """

    def __init__(self, num_frames: int, shape: Tensor):
        self.shape = shape
        self.rotations = np.full((num_frames, 3, 3), np.nan, np.float32)
        self.places = np.full((num_frames, 3), np.nan, np.float32)
        self._errors = np.full(num_frames, np.nan, np.float32)
        self._moves = np.zeros((num_frames, len(head_model().moves)), np.float16)

    def __setitem__(self, index: int, fit: HeadFit) -> None:
        self.rotations[index] = fit.rotation.numpy()
        self.places[index] = *fit.centre.tolist(), fit.scale
        self._errors[index], self._moves[index] = fit.error, fit.moves.numpy()

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> HeadFit | None:
        """Return the fit of a frame; None where the face is lost."""
        x, y, scale = self.places[index].tolist()
        if np.isnan(scale):
            return None
        rotation, moves = (
            torch.from_numpy(each[index].astype(float)) for each in (self.rotations, self._moves)
        )
        centre = torch.tensor([x, y], dtype=torch.float64)
        return HeadFit(rotation, scale, centre, self.shape, moves, float(self._errors[index]))
