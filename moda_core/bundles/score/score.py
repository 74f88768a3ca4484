"""The figures of one talking head, and the total that they add up to."""

from dataclasses import dataclass

MAX_LAG = 10  # frames of 40 ms, to each side
# Of each part in the total; the parts that are unknown are left out, and the rest is scaled up.
WEIGHTS = {
    "lips": 0.30,
    "closures": 0.10,
    "smoothness": 0.10,
    "jitter": 0.20,
    "blinks": 0.05,
    "drift": 0.05,
    "flicker": 0.10,
    "identity": 0.10,
}
USUAL_JITTER_DEG = 1.5  # at which the part for it is a half
FEWEST_BLINKS, MOST_BLINKS, TOO_MANY_BLINKS = 4.0, 40.0, 80.0  # a minute
LARGEST_DRIFT_DEG = 20.0  # from which the part for it is 0


@dataclass(frozen=True)
class Score:
    """What was measured; None where it can't be told.

    Parameters
    ----------
    num_frames : int
    fps : float
        Frames a second of the motion.
    lips : float in [-1, 1], optional
        Correlation of the lips with those heard in the sound, at the best lag; see `LipSync`.
    lag_frames : float, optional
        That lag, in frames of 40 ms; above 0 the lips come after the sound.
    closures : float in [0, 1], optional
        Share of the known p, b and m at which the lips are closed.
    smoothness : float in [0, 1], optional
        1 less the mean distance of the head's pose from the middle of its neighbours, in standard
        deviations.
    jitter_deg : float, optional
        Third difference of the head's rotation, root mean square, at 25 fps.
    blinks_per_minute : float, optional
    drift_deg : float, optional
        Between the mean rotation of the first and the last third.
    flicker : float in [0, 1], optional
        1 less the mean change of pixels outside the face, over the range of a pixel.
    identity : float in [-1, 1], optional
        Mean correlation of the face's luminance with that of the frame of reference.
    """

    num_frames: int
    fps: float
    lips: float | None = None
    lag_frames: float | None = None
    closures: float | None = None
    smoothness: float | None = None
    jitter_deg: float | None = None
    blinks_per_minute: float | None = None
    drift_deg: float | None = None
    flicker: float | None = None
    identity: float | None = None

    @property
    def parts(self) -> dict[str, float | None]:
        """How good each figure is, in [0, 1], by the names of `WEIGHTS`."""
        return {
            "lips": _known(self._in_time, self.lips),
            "closures": self.closures,
            "smoothness": self.smoothness,
            "jitter": _known(lambda deg: 1 / (1 + deg / USUAL_JITTER_DEG), self.jitter_deg),
            "blinks": _known(_liveliness, self.blinks_per_minute),
            "drift": _known(lambda deg: max(0.0, 1 - deg / LARGEST_DRIFT_DEG), self.drift_deg),
            "flicker": self.flicker,
            "identity": _known(lambda correlation: max(0.0, correlation), self.identity),
        }

    @property
    def total(self) -> float:
        """Mean of the known parts by `WEIGHTS`, in [0, 1]; 0 if nothing is known."""
        known = {name: part for name, part in self.parts.items() if part is not None}
        weight = sum(WEIGHTS[name] for name in known)
        return sum(WEIGHTS[name] * part for name, part in known.items()) / weight if known else 0.0

    def _in_time(self, lips: float) -> float:
        return max(0.0, lips) * max(0.0, 1 - abs(self.lag_frames or 0.0) / MAX_LAG)


def _known(rate, figure: float | None) -> float | None:
    return None if figure is None else rate(figure)


def _liveliness(blinks: float) -> float:
    """Return 1 for a usual number of blinks a minute, less for few and for very many."""
    too_many = (TOO_MANY_BLINKS - blinks) / (TOO_MANY_BLINKS - MOST_BLINKS)
    return min(max(0.0, min(blinks / FEWEST_BLINKS, too_many)), 1.0)
