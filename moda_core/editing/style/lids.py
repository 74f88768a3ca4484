"""The lids of a motion: how open the eyes are, and the blinks, which are counted and changed."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import find_objects, gaussian_filter1d, label, median_filter

from ...motion.controls import read
from ...motion.liveliness import LIDS, OPEN_LIDS_FRAMES, SHORTEST_INTERVAL_S
from ...motion.motion import FPS, Motion
from ..eyes import blink_curve

MOVING, SHUT = 0.1, 0.5  # closures between which a blink begins and ends, and that it reaches
LEAST_OPENING = 0.2  # of lids that blink, so that a closure is finite where the eyes are shut
BORDER_S = 0.4  # at both ends of a motion, in which no blink is added: a blink lasts 0.28 s
SOFTENING_S = 0.04  # of the borders of a removed blink
PLACES = (0.35, 0.65)  # shares of a gap between which an added blink lies


@dataclass(frozen=True, eq=False)
class Lids:
    """Both lids of a motion, split into the lids between blinks and the blinks.

    Parameters
    ----------
    open : array, shape (N, 2)
        The controls of the lids between blinks: 0 at rest, 1 shut, below 0 wide open.
    closure : array, shape (N, 2)
        What blinks add: 0 between them, 1 where they shut the lids.
    fps : float
    """

    open: np.ndarray
    closure: np.ndarray
    fps: float

    @classmethod
    def of(cls, motion: Motion) -> "Lids":
        """Split the lids of a motion."""
        shown = read(motion.offset.detach().cpu().double()).numpy()[:, LIDS]
        frames = 2 * round((OPEN_LIDS_FRAMES // 2) * motion.fps / FPS) + 1
        opened = median_filter(shown, size=(frames, 1))
        return cls(opened, (shown - opened) / _height(opened), motion.fps)

    @property
    def shown(self) -> np.ndarray:
        """The controls of the lids, (N, 2)."""
        return self.open + self.closure * _height(self.open)

    @property
    def blinks(self) -> list[slice]:
        """The frames of each blink, in order."""
        closure = self.closure.mean(1)
        moving, _ = label(closure > MOVING)
        found = (frames for (frames,) in find_objects(moving))
        return [frames for frames in found if closure[frames].max() >= SHUT]

    def with_blinks(self, count: int, seed: int = 0) -> "Lids":
        """Return lids that blink a number of times, or as often as there is room for.

        Blinks are added in the longest gaps, and removed where they follow each other most closely;
        those that stay are not changed.

        Parameters
        ----------
        count : int
            At least 0.
        seed : int
            Draws the places of the blinks that are added.
        """
        blinks = self.blinks
        if count < len(blinks):
            removed = crowded(blinks, len(blinks) - count)
            return self._without(removed, [blink for blink in blinks if blink not in removed])
        num_frames = len(self.closure)
        taken = [_peak(blink) / self.fps for blink in blinks]
        times_s = gaps(taken, num_frames / self.fps, count - len(blinks), seed)
        if not times_s:
            return self
        added = blink_curve(np.array(times_s), num_frames, self.fps)[:, None]
        return replace(self, closure=np.maximum(self.closure, added))

    def _without(self, removed: list[slice], staying: list[slice]) -> "Lids":
        """Return lids without some blinks, which fade out just outside of each."""
        fading = np.zeros(len(self.closure))
        for blink in removed:
            fading[_widened(blink, self.fps)] = 1
        kept = 1 - gaussian_filter1d(fading, SOFTENING_S * self.fps)
        for blinks, share in ((removed, 0), (staying, 1)):
            for blink in blinks:
                kept[blink] = share
        return replace(self, closure=self.closure * kept[:, None])


def gaps(taken_s: list[float], duration_s: float, count: int, seed: int) -> list[float]:
    """Return times in seconds for more blinks, each in the longest gap that is left.

    `taken_s` are the times of the blinks in a motion of `duration_s`. There may be fewer than
    `count`: no interval gets shorter than `SHORTEST_INTERVAL_S`.
    """
    random = np.random.default_rng([seed, 14])
    times_s, added = sorted(taken_s), []
    for _ in range(count):
        bounds_s = [0.0, *times_s, duration_s]
        lengths_s = np.diff(bounds_s)
        index = int(lengths_s.argmax())
        place = bounds_s[index] + random.uniform(*PLACES) * lengths_s[index]
        nearest_s = min((abs(place - time_s) for time_s in times_s), default=np.inf)
        if nearest_s < SHORTEST_INTERVAL_S or not BORDER_S <= place <= duration_s - BORDER_S:
            break
        added.append(place)
        times_s = sorted([*times_s, place])
    return added


def crowded(blinks: list[slice], count: int) -> list[slice]:
    """Return the blinks that leave the shortest gaps when all but `count` of them stay."""
    left, removed = list(blinks), []
    for _ in range(count):
        peaks = [_peak(blink) for blink in left]
        reach = np.diff([peaks[0] - (peaks[-1] - peaks[0] + 1), *peaks, 2 * peaks[-1] + 1])
        index = int((reach[:-1] + reach[1:]).argmin())
        removed.append(left.pop(index))
    return removed


def _peak(blink: slice) -> float:
    return (blink.start + blink.stop - 1) / 2


def _widened(blink: slice, fps: float) -> slice:
    margin = round(2 * SOFTENING_S * fps)
    return slice(max(0, blink.start - margin), blink.stop + margin)


def _height(opened: np.ndarray) -> np.ndarray:
    """Return how far lids (N, 2) are from shut."""
    return np.maximum(1 - opened, LEAST_OPENING)
