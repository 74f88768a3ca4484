"""Images in memory as a clip."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from torch import Tensor

from .clip_reader import Size
from .footage import TimedFrame


@dataclass(frozen=True, eq=False)
class ImageSequence:
    """Images at a constant rate, with the interface of a `Clip`.

    Parameters
    ----------
    take : callable (index) -> Tensor, shape (H, W, 3), uint8
        Returns one of the images, all of one size.
    num_frames : int
        At least 1.
    rate : Fraction
        Images a second.

    Raises
    ------
    ValueError
        If there are no images, or the rate is not above 0.
    """

    take: Callable[[int], Tensor]
    num_frames: int
    rate: Fraction
    colors: None = None
    sound_start_s: None = None
    tick_s: float = 1e-6

    def __post_init__(self):
        if self.num_frames < 1 or not self.rate > 0:
            raise ValueError(
                f"Expected at least 1 image and a rate above 0, got {self.num_frames} images at "
                f"{float(self.rate):g} a second."
            )

    @property
    def has_constant_rate(self) -> bool:
        """Whether the times are evenly spaced: always."""
        return True

    @cached_property
    def size(self) -> Size:
        """Width and height."""
        height, width, _ = self.take(0).shape
        return width, height

    @cached_property
    def times(self) -> np.ndarray:
        """Time of each image in seconds, (N,)."""
        return np.arange(self.num_frames) / float(self.rate)

    @property
    def duration_s(self) -> float:
        """Until the end of the last image."""
        return self.num_frames / float(self.rate)

    def frames(self, rough: bool = False) -> Iterator[TimedFrame]:
        """Yield the images in order of time, as they are."""
        for index, time_s in enumerate(self.times):
            yield TimedFrame(float(time_s), self.take(index))

    def images_at(self, times_s: Sequence[float]) -> Iterator[Tensor]:
        """Yield the images that are shown at times, in any order."""
        for time_s in times_s:
            last = int(np.searchsorted(self.times, time_s + self.tick_s, "right")) - 1
            yield self.take(max(0, last))
