"""Whether the score tells broken talking heads from whole ones.

`python run.py bench score [DRAWS] [--long]` speaks held-out sentences with held-out voices of
espeak-ng, and takes two motions of each: one sampled from the starter, whose lips follow the same
hearing network that the score compares them with, and one made of the phones' times, which does not
know it. Each is broken: the sound comes 1 to 5 frames late or early (and 2.5), the lips are frozen,
noise is added to the rotation of the head, or the sound is that of another sentence. `--long` also
renders ten of the latter motions with both bundled portraits, and scores the videos.

- `right`: draws in which the whole one has the highest score, and a larger shift or more noise a
  lower one than a smaller, of all; by kind of damage.
- `largest_lag_error`: frames between the lag found and that made, the whole ones included;
  `within_half_a_frame` counts the draws in which all lags are.
- `closed` and `closed_when_frozen`: share of p, b and m with closed lips, by the phones' times.
- `lips` and `lips_swapped`: the agreement, lowest of the whole ones and highest of the swapped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from moda_core.bundles.bundle import Bundle
from moda_core.bundles.load import load_starter
from moda_core.bundles.score.closures import BILABIALS, Closure
from moda_core.bundles.score.lip_sync import compare_lips
from moda_core.bundles.score.measure import Measured, score_motion, score_video
from moda_core.bundles.score.score import Score
from moda_core.example import PORTRAIT, SECOND_PORTRAIT
from moda_core.motion.controls import CONTROLS, add_controls, read, rest_expression
from moda_core.motion.motion import ANGLES, FPS, Motion
from moda_core.portrait.portrait import Portrait
from moda_core.runtime.threads import one_thread
from moda_core.training.batches import to_motion
from moda_core.training.dataset import Clip, draw_prosody, make_clip, to_16_khz
from moda_core.training.espeak import Espeak
from moda_core.video.clip_sound import clip_sound
from moda_core.video.footage import open_footage

from .held_out_speech import TEST_LANGUAGES, TEST_SENTENCES, VARIANTS
from .progress import Progress

NUM_DRAWS, NUM_VIDEOS = 100, 10
RATE, LEAD_S = 16_000, 0.4
SHIFTS = (1.0, 2.0, 2.5, 3.0, 4.0, 5.0)  # frames
NOISE_DEG = (0.25, 0.5, 1.0)
LIPS = [CONTROLS.index(name) for name in ("jaw", "close", "width")]
HALF = 0.5  # frame
REQUIRED = {"right": NUM_DRAWS, "largest_lag_error": HALF}


@dataclass(frozen=True, eq=False)
class Draw:
    """A spoken sentence, and a motion that speaks it."""

    waveform: Tensor
    closures: tuple[Closure, ...]
    motion: Motion


@dataclass(frozen=True)
class Found:
    """The scores of one draw: whole, and by kind of damage, from the least on."""

    whole: Score
    early: list[Score]
    late: list[Score]
    frozen: Score
    noisy: list[Score]
    swapped: Score

    @property
    def right(self) -> dict[str, bool]:
        """Whether each kind of damage is ordered rightly."""
        return {
            "early": _falls([self.whole, *self.early]),
            "late": _falls([self.whole, *self.late]),
            "frozen": _falls([self.whole, self.frozen]),
            "noisy": _falls([self.whole, *self.noisy]),
            "swapped": _falls([self.whole, self.swapped]),
        }

    @property
    def lag_error(self) -> float:
        """Largest distance of the lag from that made, in frames."""
        signed = [(0.0, self.whole)]
        signed += [(shift, score) for shift, score in zip(SHIFTS, self.early, strict=True)]
        signed += [(-shift, score) for shift, score in zip(SHIFTS, self.late, strict=True)]
        return max(abs(_lag(score) - lag) for lag, score in signed)


@one_thread()
def run(draws: str = str(NUM_DRAWS), long: bool = False, **_) -> dict:
    """Measure; return the figures."""
    starter, count = load_starter(), int(draws)
    portraits = [starter.portrait(path) for path in (PORTRAIT, SECOND_PORTRAIT)]
    progress = Progress("score", 1 + 2 * count + long * NUM_VIDEOS)
    progress("speech")
    speech = list(spoken(count))
    figures = {"draws": count, "required": REQUIRED}
    sampled = [sampled_draw(starter, portraits, index, *each) for index, each in enumerate(speech)]
    from_phones = [phone_draw(*each) for each in speech]
    for kind, made in (("sampled", sampled), ("from_phones", from_phones)):
        found = []
        for index, draw in enumerate(made):
            progress(f"{kind} {index}")
            found.append(broken(draw, made[(index + 1) % count].waveform))
        figures[kind] = summary(found)
    if long:
        figures["videos"] = summary(list(videos(starter, portraits, from_phones, progress)))
    return figures


def spoken(count: int) -> Iterator[tuple[Clip, tuple[Closure, ...]]]:
    """Speak sentences, each with its own voice and prosody."""
    espeak, voices = Espeak(), VARIANTS.split()
    for index in range(count):
        random = np.random.default_rng([4720, index])
        text = TEST_SENTENCES[index % len(TEST_SENTENCES)]
        voice = f"{TEST_LANGUAGES[index % len(TEST_LANGUAGES)]}+{voices[index % len(voices)]}"
        waveform, phones = espeak.say(text, voice, *draw_prosody(random))
        waveform, phones = to_16_khz(waveform, espeak.sample_rate, phones)
        closures = tuple(
            Closure(phone.symbol, LEAD_S + (phone.start_s + phone.end_s) / 2)
            for phone in phones
            if phone.symbol in BILABIALS
        )
        yield make_clip(voice, waveform, phones, random, LEAD_S), closures


def sampled_draw(
    starter: Bundle, portraits: list[Portrait], index: int, clip: Clip, closures: tuple
) -> Draw:
    """Sample the motion of a sentence from the starter."""
    waveform = torch.from_numpy(clip.waveform)[None]
    portrait = portraits[index % len(portraits)]
    motion = starter.perform(portrait, starter.encode((waveform, RATE)), seed=index)
    return Draw(waveform, closures, motion)


def phone_draw(clip: Clip, closures: tuple) -> Draw:
    """Return the motion that the times of a sentence's phones ask for."""
    motion = Motion(to_motion(clip.controls, clip.head).float(), rest_expression())
    return Draw(torch.from_numpy(clip.waveform)[None], closures, motion)


def broken(draw: Draw, other: Tensor) -> Found:
    """Score a draw, whole and broken; `other` is the sound of another sentence."""

    def score(motion: Motion, waveform: Tensor) -> Score:
        return score_motion(motion, (waveform, RATE), draw.closures).score

    return found(draw.waveform, other, draw.motion, lambda sound: score(draw.motion, sound), score)


def found(
    waveform: Tensor,
    other: Tensor,
    motion: Motion,
    rescored: Callable[[Tensor], Score],
    score: Callable[[Motion, Tensor], Score],
) -> Found:
    """Break a motion and its sound in all ways; `rescored` takes another sound for the motion."""
    return Found(
        whole=rescored(waveform),
        early=[rescored(shifted(waveform, -shift)) for shift in SHIFTS],
        late=[rescored(shifted(waveform, shift)) for shift in SHIFTS],
        frozen=score(frozen_lips(motion), waveform),
        noisy=[score(noisy_pose(motion, size), waveform) for size in NOISE_DEG],
        swapped=rescored(fitted(other, waveform.shape[1])),
    )


def videos(
    starter: Bundle, portraits: list[Portrait], draws: list[Draw], progress: Progress
) -> Iterator[Found]:
    """Render draws, whole and broken, and score what is seen."""
    for index, draw in enumerate(draws[:NUM_VIDEOS]):
        progress(f"video {index}")
        other = draws[(index + 1) % len(draws)].waveform
        yield broken_video(starter, portraits[index % len(portraits)], draw, other)


def broken_video(starter: Bundle, portrait: Portrait, draw: Draw, other: Tensor) -> Found:
    """Do what `broken` does, on what is seen of rendered videos."""

    def seen(motion: Motion, waveform: Tensor) -> Measured:
        with TemporaryDirectory() as folder:
            path = Path(folder, "score.mp4")
            starter.write_video(path, portrait, motion, audio=(waveform, RATE))
            footage = open_footage(path)
            return score_video(footage, clip_sound(footage), draw.closures)

    def rescored(sound: Tensor) -> Score:
        lips = compare_lips(whole.motion, sound, RATE)
        return replace(whole.score, lips=lips.agreement, lag_frames=lips.lag_frames)

    def score(motion: Motion, waveform: Tensor) -> Score:
        return seen(motion, waveform).score

    whole = seen(draw.motion, draw.waveform)
    return found(draw.waveform, other, draw.motion, rescored, score)


def shifted(waveform: Tensor, frames: float) -> Tensor:
    """Delay a sound (1, T) by frames of 40 ms, or advance it by negative ones."""
    samples = round(frames / FPS * RATE)
    padded = F.pad(waveform, (max(samples, 0), max(-samples, 0)))
    return padded[:, max(-samples, 0) :][:, : waveform.shape[1]]


def fitted(waveform: Tensor, length: int) -> Tensor:
    """Cut a sound (1, T), or repeat it, to a length."""
    return waveform.repeat(1, -(-length // waveform.shape[1]))[:, :length]


def frozen_lips(motion: Motion) -> Motion:
    """Hold the lips of a motion where they are on average."""
    shown, change = read(motion.offset), torch.zeros(len(motion), len(CONTROLS))
    change[:, LIPS] = shown[:, LIPS].mean(dim=0) - shown[:, LIPS]
    return add_controls(motion, change)


def noisy_pose(motion: Motion, size_deg: float) -> Motion:
    """Add noise of a standard deviation in degrees to the head's rotation."""
    values, random = motion.values.clone(), torch.Generator().manual_seed(0)
    values[:, ANGLES] += size_deg * torch.randn(len(motion), 3, generator=random)
    return replace(motion, values=values)


def summary(found: list[Found]) -> dict:
    """Return the figures of all draws."""
    right, errors = [each.right for each in found], [each.lag_error for each in found]
    return {
        "right": sum(all(each.values()) for each in right),
        "of": len(found),
        "right_by_damage": {kind: sum(each[kind] for each in right) for kind in right[0]},
        "largest_lag_error": round(max(errors), 3),
        "within_half_a_frame": sum(error <= HALF for error in errors),
        "closed": _mean([each.whole.closures for each in found]),
        "closed_when_frozen": _mean([each.frozen.closures for each in found]),
        "lips": round(min(each.whole.lips for each in found), 3),
        "lips_swapped": round(max(each.swapped.lips for each in found), 3),
        "total": {
            name: _mean([of(each).total for each in found])
            for name, of in {
                "whole": lambda each: each.whole,
                "1 frame late": lambda each: each.late[0],
                "5 frames late": lambda each: each.late[-1],
                "frozen": lambda each: each.frozen,
                "most noise": lambda each: each.noisy[-1],
                "swapped": lambda each: each.swapped,
            }.items()
        },
    }


def _falls(scores: list[Score]) -> bool:
    totals = np.array([score.total for score in scores])
    return bool((np.diff(totals) < 0).all())


def _lag(score: Score) -> float:
    return np.inf if score.lag_frames is None else score.lag_frames


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 3) if known else None
