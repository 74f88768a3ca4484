"""Anchoring of a chain: where the speech pauses, a window continues the start pose."""

from dataclasses import dataclass

import torch
from torch import Tensor

PAUSE = 5  # frames of a pause from which a window starts anew: 0.2 s, the shortest pause there is


@dataclass(frozen=True, eq=False)
class PauseAnchor:
    """Leads what a window continues back to the start, if its overlap has a pause.

    A chain hands a single frame from window to window, and what is wrong with it goes on. In a
    pause the next window continues the first frame of all instead; the cross-fade over the overlap
    turns that into a movement like any other.

    Parameters
    ----------
    start : Tensor, shape (B, 1, 70)
        Normalised motion before the first frame.
    voiced : Tensor, shape (T,), bool
        In which frames a phrase is spoken.
    overlap : int
        Frames that neighbouring windows share.
    """

    start: Tensor
    voiced: Tensor
    overlap: int

    def __call__(self, previous: Tensor, first_frame: int) -> Tensor:
        """Return what the window from a frame on continues, instead of `previous` (B, 1, 70)."""
        return torch.lerp(previous, self.start.to(previous), self.share(first_frame))

    def share(self, first_frame: int) -> float:
        """Return how far the window from a frame on starts anew, 0 to 1, by the pause it is in."""
        quiet = ~self.voiced[first_frame : first_frame + self.overlap]
        return min(1.0, int(quiet.sum()) / min(PAUSE, self.overlap))
