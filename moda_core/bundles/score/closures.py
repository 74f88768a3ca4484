"""Whether the lips close at p, b and m, at times that are known."""

import re
from dataclasses import dataclass

import numpy as np

from ...motion.motion import FPS, Motion
from .lip_sync import shown_lips

BILABIALS = ("p", "b", "m")
REACH_S = 0.08  # to each side of a known time, within which the lips must close
CLOSED = 0.02  # opening in eye distances up to which lips count as closed
FORM = "a phone and its time in seconds, such as 'p 1.20', or its start and end, 'p 1.16 1.24'"


@dataclass(frozen=True)
class Closure:
    """A p, b or m, at the middle of its sound in seconds."""

    phone: str
    time_s: float


def parse_closures(text: str) -> tuple[Closure, ...]:
    """Read the times of phones, one a line; others than p, b and m are left out.

    A line holds a phone and its time in seconds, or its start and end, in any order, separated by
    spaces, tabs, commas or semicolons: labels of Audacity and rows of a CSV are such lines. Raises
    `ValueError` for any other line that is not empty.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = [word for word in re.split(r"[\s,;]+", line) if word]
        if not words:
            continue
        times = [time for time in map(_time, words) if time is not None]
        phones = [word for word in words if _time(word) is None]
        if len(phones) != 1 or len(times) not in (1, 2) or min(times) < 0:
            raise ValueError(f"Line {number} of the phones is {line!r}. Write {FORM}.")
        phone = phones[0].strip("\"'").lower()
        if phone in BILABIALS:
            found.append(Closure(phone, sum(times) / len(times)))
    return tuple(found)


def closed_share(motion: Motion, closures: tuple[Closure, ...]) -> float | None:
    """Return the share of closures at which the lips are closed; None if none is in the motion."""
    num_frames = max(1, round(len(motion) / motion.fps * FPS))
    opening = shown_lips(motion.resampled(FPS, num_frames))[:, 0]
    times_s = np.arange(num_frames) / FPS
    known = [closure.time_s for closure in closures if closure.time_s < num_frames / FPS]
    if not known:
        return None
    near = np.abs(np.subtract.outer(known, times_s)) <= REACH_S
    return float(np.mean([opening[each].min(initial=np.inf) <= CLOSED for each in near]))


def _time(word: str) -> float | None:
    return float(word) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", word) else None
