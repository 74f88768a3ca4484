"""What `performance` adds to the starter's motion, a few frames at a time."""

from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from ..mmdit.model import MotionMMDiT
from ..motion.liveliness import (
    ADDED_BLINK_INTERVAL_S,
    LIDS,
    OPEN_LIDS_FRAMES,
    SWAY_MEMORY_S,
    BlinkClock,
    RollingWalk,
)
from ..motion.motion import MotionStats
from .performance import (
    USUAL_FRAMES,
    jaw_gain,
    lips_as_heard,
    pressed_lips,
    shown_controls,
    speaking,
    speech_level,
    spoken_jaws,
    sway_generators,
    threshold_of_clip,
    with_face,
    with_sway,
)

HEARD_FRAMES = 1500  # a minute, whose lips tell how clearly somebody speaks
GATE_REACH = 24  # frames before the next one that the voice's gate depends on


class RollingPerformance:
    """Finishes the starter's motion; see `finish_performance`.

    How wide and how firmly the mouth moves is told by the last minute instead of the whole clip.

    Parameters
    ----------
    network : MotionMMDiT
        With a hearing head.
    stats : MotionStats
    closure_threshold : float
    seed : int
        Draws blinks and sway; the sway is that of a whole clip's motion.
    """

    def __init__(
        self, network: MotionMMDiT, stats: MotionStats, closure_threshold: float, seed: int
    ):
        self._network, self._stats, self._closure_threshold = network, stats, closure_threshold
        self._blinks = BlinkClock(np.random.default_rng([seed, 1]), ADDED_BLINK_INTERVAL_S)
        self._walks = {
            name: RollingWalk(random, SWAY_MEMORY_S)
            for name, random in sway_generators(seed).items()
        }
        self._lids = torch.zeros(0, len(LIDS))
        self._jaws, self._closures, self._voice = (torch.zeros(0) for _ in range(3))

    def copy(self) -> "RollingPerformance":
        """Return a copy that goes its own way from here."""
        other = RollingPerformance.__new__(RollingPerformance)
        other.__dict__ = self.__dict__ | {
            "_blinks": deepcopy(self._blinks),
            "_walks": deepcopy(self._walks),
        }
        return other

    @torch.inference_mode()
    def __call__(self, normalized: Tensor, audio: Tensor) -> Tensor:
        """Finish the next frames: normalised motion (n, 70) to de-normalised motion.

        `audio` (n + ahead, context, 4, 64) has the features around them and the frames ahead.
        """
        motion, count = self._stats.denormalize(normalized), len(normalized)
        weight = self._network.hearing_head.lips.weight
        tokens = self._network.audio_embedder(audio[None].to(weight))
        heard = self._network.hearing_head(tokens)
        lips, voice = (part[0].to(motion) for part in heard)
        shown = shown_controls(motion)
        jaw, close, width = lips_as_heard(shown, lips[:count])
        known = torch.cat([self._voice[-GATE_REACH:], voice])
        before = len(known) - len(voice)
        jaw = (jaw * speaking(known)[before : before + count]).clamp(min=0)
        self._remember(jaw, close, voice[:count])
        threshold = threshold_of_clip(self._closures, self._voice, self._closure_threshold)
        lips = torch.stack([jaw * self._jaw_gain(), pressed_lips(close, threshold), width], dim=1)
        closure = self._blinks.next(speech_level(audio[:count, audio.shape[1] // 2]))
        walks = {name: walk.next(count) for name, walk in self._walks.items()}
        lids = self._open_lids(shown[:, LIDS])
        finished = with_face(motion, shown, lips, lids, torch.from_numpy(closure))
        return with_sway(finished, walks)

    def _remember(self, *frames: Tensor) -> None:
        known = self._jaws, self._closures, self._voice
        self._jaws, self._closures, self._voice = (
            torch.cat(pair)[-HEARD_FRAMES:] for pair in zip(known, frames, strict=True)
        )

    def _jaw_gain(self) -> float:
        """Return the gain of what was spoken, near 1 while little was."""
        speech = spoken_jaws(self._jaws, self._voice)
        if not len(speech):
            return 1.0
        return 1 + len(speech) / (len(speech) + USUAL_FRAMES) * (jaw_gain(speech) - 1)

    def _open_lids(self, lids: Tensor) -> Tensor:
        """Return the lids between blinks, (n, 2): the median of the last frames."""
        self._lids = torch.cat([self._lids, lids])[-OPEN_LIDS_FRAMES - len(lids) :]
        ends = range(len(self._lids) - len(lids) + 1, len(self._lids) + 1)
        return torch.stack(
            [self._lids[max(0, end - OPEN_LIDS_FRAMES) : end].median(dim=0).values for end in ends]
        )
