"""New speech in clips: how well the lips follow it, and what is left of the old one.

`python run.py bench relip [--long] [FOLDER] [OUT]` makes five clips (`relip_clips`) of the bundled
speech, gives them its second part, and does the same with the clips in FOLDER. The old speech is
slower, so that where both are repeated they meet at another place each time.
Lips are read by the pack's own face mesh, from the rendered frames before encoding: their opening
against the jaw of the sampled motion, in the clip and on a still of the same face. With OUT, frames
are written as JPEG there for `bench relip-seen`. `--long` takes 60 s instead of 6.

- `over_still`: correlation of opening and jaw over that on the still.
- `leak`: size of the partial correlation of the opening with the old jaw, over `chance`: the mean
  of it with the old one shifted by 1 to 5 s. In 6 s chance gives about 0.1.
- `flicker`: mean change between frames at the edge of the lower face, over that of the clip.
- `outside`: largest change outside of it, in grey levels.
- `time`: of tracking, rendering and encoding 10 s of 1280x720, over rendering and encoding a
  still of that size.
"""

import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from moda_core.audio.waveform import load_clip
from moda_core.bundles.bundle import Bundle
from moda_core.bundles.load import load_starter
from moda_core.clip.face_clip import FaceClip
from moda_core.clip.lower_face import lower_face
from moda_core.clip.play_clip import played_frames
from moda_core.example import PORTRAIT, SPEECH
from moda_core.face.follow_face import follow_face
from moda_core.head.seen_motion import see_motion
from moda_core.motion.controls import CONTROLS, read
from moda_core.motion.motion import EXPRESSION, FPS, Motion
from moda_core.portrait.portrait import Portrait
from moda_core.video.writer import VideoWriter

from ..faces import on_screen
from .progress import Progress
from .relip_clips import KINDS, spoken_frames

SHORT_S, LONG_S = 6.0, 60.0
CLIP, STILL, JAWS = "clip", "still", "jaw.json"  # names of folders and a file
JAW = CONTROLS.index("jaw")
SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi")
SHIFTS_S = np.arange(1.0, 5.1, 0.25)  # less than half the speech: there the old one is the new
EDGE = 0.6  # of the window, below which flicker is measured
OLD_SPEED = 0.93
TIMED_S, SCREEN_FACE, SCREEN_PLACE = 10.0, 250, (250, 40)
REQUIRED = {"over_still": 0.9, "leak": 0.05, "flicker": 1.1, "outside": 0, "time": 1.5}


def run(folder: str | None = None, out: str | None = None, long: bool = False, **_) -> dict:
    """Measure the clips that are made here, and those of a folder."""
    starter, seconds = load_starter(), LONG_S if long else SHORT_S
    files = [] if folder is None else sorted(Path(folder).iterdir())
    files = [path for path in files if path.suffix.lower() in SUFFIXES]
    progress = Progress("relip", len(KINDS) + len(files) + 1)
    old, new = spoken(starter, 0.0, seconds, OLD_SPEED), spoken(starter, 0.5, seconds)
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, kind in KINDS.items():
            progress(name)
            path = Path(temporary, f"{name}.mkv")
            write_clip(path, spoken_frames(starter, kind, old))
            results[name] = measure(starter, path, new, out and Path(out, name))
        for path in files:
            progress(path.name)
            results[path.name] = measure(starter, path, new, out and Path(out, path.stem))
        progress("time")
        timed = spoken(starter, 0.5, TIMED_S)
        results["time"] = time_ratio(starter, Path(temporary, "screen.mp4"), timed)
    return {"required": REQUIRED, **results}


def spoken(starter: Bundle, start: float, seconds: float, speed: float = 1.0) -> Motion:
    """Sample the motion of the bundled speech from a share of it on, repeated as need be."""
    waveform, rate = load_clip(SPEECH)
    rate = round(speed * rate)
    waveform = waveform.roll(-round(start * waveform.shape[1]), dims=1)
    length = round(seconds * rate)
    waveform = waveform.repeat(1, -(-length // waveform.shape[1]))[:, :length]
    return starter.perform(starter.portrait(PORTRAIT), starter.encode((waveform, rate)), seed=3)


def write_clip(path: Path, frames: Iterable[Tensor]) -> None:
    """Write frames with high quality."""
    frames = list(frames)
    height, width = frames[0].shape[:2]
    with VideoWriter(path, (width, height), FPS, len(frames), crf=12) as writer:
        for frame in frames:
            writer.write(frame[None])


def measure(starter: Bundle, path: Path, motion: Motion, out: Path | None) -> dict:
    """Give a clip a new motion, and return what is seen of both."""
    portrait = starter.clip(path)
    face: FaceClip = portrait.clip
    count = min(len(motion), round(face.clip.duration_s * FPS))
    motion = replace(motion, values=motion.values[:count])
    jaw = read(motion.offset)[:, JAW].numpy()
    old = read(face.seen[:, EXPRESSION] - face.rest)[face.frames_of(motion), JAW].numpy()
    still = replace(portrait, clip=None)
    shown = {}
    for name, source in ((CLIP, portrait), (STILL, still)):
        frames = Kept(starter, source, motion, out and out / name)
        shown[name] = lip_openings(frames)
    relipped, on_still = (correlation(shown[name], jaw) for name in (CLIP, STILL))
    leak = abs(partial_correlation(shown[CLIP], old, jaw))
    shifts = [round(sign * shift_s * FPS) for sign in (-1, 1) for shift_s in SHIFTS_S]
    shifted = (np.roll(old, shift) for shift in shifts)
    chance = np.mean([abs(partial_correlation(shown[CLIP], each, jaw)) for each in shifted])
    return {
        "frames": count,
        CLIP: relipped,
        STILL: on_still,
        "over_still": relipped / on_still,
        "leak": float(leak - chance),
        "chance": float(chance),
        **seam(starter, portrait, motion),
    }


class Kept:
    """The frames of a motion; those of a folder are written to it too, with their jaw's list."""

    def __init__(self, starter: Bundle, portrait: Portrait, motion: Motion, folder: Path | None):
        self.chunks = played_frames(starter.renderer, portrait, motion, 8)
        self.folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            jaw = read(motion.offset)[:, JAW].tolist()
            (folder / JAWS).write_text(json.dumps(jaw), "utf-8")

    def __iter__(self) -> Iterator[Tensor]:
        index = 0
        for chunk in self.chunks:
            for frame in chunk:
                if self.folder is not None:
                    picture = Image.fromarray(frame.numpy())
                    picture.save(self.folder / f"{index:05d}.jpg", quality=95)
                yield frame
                index += 1


def lip_openings(frames: Iterable[Tensor]) -> np.ndarray:
    """Return the opening of the lips in each frame, as the control "jaw"."""
    track = follow_face((index / FPS, frame) for index, frame in enumerate(frames))
    seen = see_motion(track)
    motion = seen.motion(FPS, len(track))
    return read(motion.offset)[:, JAW].numpy()


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def partial_correlation(first: np.ndarray, second: np.ndarray, given: np.ndarray) -> float:
    """Return the correlation of two curves without what a third one explains."""
    both = correlation(first, second)
    one, other = correlation(first, given), correlation(second, given)
    return (both - one * other) / np.sqrt((1 - one**2) * (1 - other**2))


def seam(starter: Bundle, portrait: Portrait, motion: Motion) -> dict:
    """Return the flicker at the edge of the lower face, and the largest change outside it."""
    face: FaceClip = portrait.clip
    order = face.frames_of(motion)
    originals = face.clip.images_at(face.track.times[order])
    rendered = (f for chunk in played_frames(starter.renderer, portrait, motion, 8) for f in chunk)
    last, changes, outside = None, [], 0
    for index, original, frame in zip(order.tolist(), originals, rendered, strict=True):
        size = tuple(original.shape[:2])
        window = lower_face(face.landmarks(index), face.fit(index), size).full_window(size)
        beyond = (frame.int() - original.int())[window == 0]
        outside = max(outside, int(beyond.abs().max()))
        edge = (window > 0) & (window < EDGE)
        if last is not None and index not in face.track.restarts:
            pairs = zip((frame, original), last, strict=True)
            changes.append([float((a.float() - b.float())[edge].abs().mean()) for a, b in pairs])
        last = frame, original
    ours, clip = np.mean(changes, axis=0)
    return {"flicker": float(ours / clip), "outside": outside}


def time_ratio(starter: Bundle, path: Path, motion: Motion) -> float:
    """Return the time of a clip of 1280x720 over that of a still of that size, per frame."""
    screen = torch.from_numpy(np.array(on_screen(SCREEN_FACE, SCREEN_PLACE)))
    still = starter.portrait(screen)
    starter.write_video(path, still, motion)
    took = []
    for source in (still, path, still, path):
        begun = time.perf_counter()
        portrait = starter.clip(source) if isinstance(source, Path) else source
        starter.write_video(path.with_name("out.mp4"), portrait, motion)
        took.append(time.perf_counter() - begun)
    return (took[1] + took[3]) / (took[0] + took[2])
