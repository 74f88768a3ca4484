"""How much nearer a motion comes to the style of a reference, and whether its lips stay.

`python run.py bench style [--long]`: the starter performs the bundled speech neutrally, and the
references are other performances: emotions, other poses, a faster one, one that blinks often, one
that listens; with `--long` also one that is seen in rendered frames, and four seeds, not two.
``edited`` moves their statistics onto the finished motion, ``in_context`` lets the model continue
them while it samples; of these the references are emotions and poses, spoken to the same speech
from elsewhere. Distances are those of `style_measures`; ratios are those after over before. Cost is
time over that of sampling without.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

import moda_core as moda
from moda_core.audio.features import AudioFeatures
from moda_core.bundles.bundle import Bundle
from moda_core.editing import AxisAdjustment, adjust_pose, idle, retime, set_blinks
from moda_core.editing.style.transfer import transfer_style
from moda_core.example import PORTRAIT, SPEECH
from moda_core.motion.motion import FPS, Motion
from moda_core.portrait.portrait import Portrait
from moda_core.runtime.threads import one_thread
from moda_core.sampling.options import WINDOWS, SamplingOptions
from moda_core.sampling.request import SamplingRequest
from moda_core.sampling.style_context import StyleContext

from .bench_round_trip import look, played_frames
from .progress import Progress
from .style_measures import GROUPS, jaw_correlation, style_distances

SEEDS, ALL_SEEDS = (42, 43), (42, 43, 44, 45)
REFERENCE_SEED = 7
LATER = 120  # frames by which the speech of a context lies elsewhere
FIRST_S = 2.0  # of a clip, where a context shows most
SEEN_S = 6.0  # of the reference that is seen in frames
EMOTIONS = ("happiness", "anger", "sadness", "surprise")
REQUIRED = {"edited_ratio": 0.5, "jaw_correlation": 0.95}


class Speaker:
    """The starter, the bundled portrait, and its speech."""

    def __init__(self):
        self.starter: Bundle = moda.load_starter()
        self.portrait: Portrait = self.starter.portrait(PORTRAIT)
        self.speech: AudioFeatures = self.starter.encode(SPEECH)

    def spoken(self, seed: int, request: SamplingRequest | None = None, **inputs) -> Motion:
        """Return a performance of the speech, or of other `speech`."""
        speech = inputs.pop("speech", self.speech)
        return self.starter.perform(self.portrait, speech, seed=seed, options=request, **inputs)

    def seen(self, motion: Motion) -> Motion:
        """Return what is seen of a motion in the frames of the built-in renderer."""
        part = replace(motion, values=motion.values[: int(SEEN_S * motion.fps)])
        _, found, _ = look(played_frames(self.starter, self.portrait, part))
        return found.motion(part.fps, len(part))


def posed(motion: Motion) -> Motion:
    """Return a motion turned aside, that turns twice as far and nods little."""
    wide = AxisAdjustment(gain=2.0, offset_deg=12.0)
    return adjust_pose(motion, pitch=AxisAdjustment(gain=0.3), yaw=wide)


def spoken_references(speaker: Speaker, **inputs) -> dict[str, Motion]:
    """Return the references that speak at the pace of their speech."""
    found = {
        emotion: speaker.spoken(REFERENCE_SEED, emotion=emotion, **inputs) for emotion in EMOTIONS
    }
    return found | {"other pose": posed(speaker.spoken(REFERENCE_SEED, **inputs))}


def all_references(speaker: Speaker, long: bool) -> dict[str, Motion]:
    """Return all references, by name."""
    plain = speaker.spoken(REFERENCE_SEED)
    found = spoken_references(speaker) | {
        "faster": retime(plain, speed=1.6, fps=30),
        "40 blinks a minute": set_blinks(plain, 40),
        "listening": idle(20.0, seed=3),
    }
    if long:
        found["seen in frames"] = speaker.seen(found["anger"])
    return found


def compare(pairs: list[tuple[Motion, Motion, Motion]]) -> dict:
    """Return the figures of (before, after, reference)."""
    before, after = (
        {group: np.array([found[group] for found in each]) for group in GROUPS}
        for each in ([style_distances(pair[index], pair[2]) for pair in pairs] for index in (0, 1))
    )
    whole = [np.sqrt(sum(np.square(each[group]) for group in GROUPS)) for each in (before, after)]
    return {
        "ratio": round(float(whole[1].sum() / whole[0].sum()), 3),
        "worst_ratio": round(float((whole[1] / whole[0]).max()), 3),
        "before": {group: round(float(before[group].mean()), 3) for group in GROUPS},
        "after": {group: round(float(after[group].mean()), 3) for group in GROUPS},
        "jaw_correlation": round(min(jaw_correlation(*pair[:2]) for pair in pairs), 3),
    }


def timed(work: Callable[[], Motion]) -> tuple[Motion, float]:
    """Return a motion and the seconds that it took."""
    start = time.process_time()
    return work(), time.process_time() - start


def beginning(motion: Motion) -> Motion:
    """Return the first seconds of a motion."""
    return replace(motion, values=motion.values[: int(FIRST_S * FPS)])


def edited(speaker: Speaker, references: dict[str, Motion], seeds: tuple[int, ...]) -> dict:
    """Return the figures of finished motion in the style of references."""
    plain = {seed: timed(lambda seed=seed: speaker.spoken(seed)) for seed in seeds}
    triples, spent_s = {name: [] for name in references}, []
    for name, reference in references.items():
        for motion, _ in plain.values():
            after, cost_s = timed(lambda m=motion, r=reference: transfer_style(m, r))
            triples[name].append((motion, after, reference))
            spent_s.append(cost_s)
    sampling_s = np.mean([cost_s for _, cost_s in plain.values()])
    return {
        **compare([triple for each in triples.values() for triple in each]),
        "cost": round(float(np.mean(spent_s) / sampling_s), 4),
        "ratio_by_reference": {name: compare(each)["ratio"] for name, each in triples.items()},
    }


def in_context(
    speaker: Speaker, seeds: tuple[int, ...], windows: str, duration_s: float | None = None
) -> dict:
    """Return the figures of motion sampled as the continuation of references."""
    elsewhere = replace(speaker.speech, values=speaker.speech.values.roll(-LATER, 0))
    length = {} if duration_s is None else {"duration_s": duration_s}
    request = SamplingRequest(SamplingOptions(windows=windows))
    triples, spent_s = [], []
    for seed in seeds:
        before, without_s = timed(lambda seed=seed: speaker.spoken(seed, request))
        for reference in spoken_references(speaker, speech=elsewhere).values():
            asked = replace(request, context=StyleContext(reference, elsewhere, **length))
            after, with_s = timed(lambda seed=seed, asked=asked: speaker.spoken(seed, asked))
            triples.append((before, after, reference))
            spent_s.append(with_s / without_s)
    first = [(beginning(before), beginning(after), ref) for before, after, ref in triples]
    return {
        **compare(triples),
        "cost": round(float(np.median(spent_s)), 2),
        "brows_of_first_seconds": [compare(first)[when]["brows"] for when in ("before", "after")],
    }


@one_thread()
@torch.inference_mode()
def run(long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. All runs on the CPU in fp32, whatever is asked."""
    progress, seeds = Progress("style", 2 + len(WINDOWS)), ALL_SEEDS if long else SEEDS
    progress("references")
    speaker = Speaker()
    references = all_references(speaker, long)
    progress("edited")
    figures = {"edited": edited(speaker, references, seeds)}
    for windows in WINDOWS:
        progress(f"in context, {windows}")
        figures[f"in_context_{windows}"] = in_context(speaker, seeds, windows)
    return {
        "edited_ratio": figures["edited"]["worst_ratio"],
        "context_ratio": figures["in_context_chain"]["ratio"],
        "jaw_correlation": min(each["jaw_correlation"] for each in figures.values()),
        "required": REQUIRED,
        **figures,
    }
