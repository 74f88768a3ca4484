"""Motion that is played on portraits, followed in the frames, and seen again.

`python run.py bench round-trip [FOLDER]`: the starter performs held-out sentences on every portrait
of a folder, and the example's speech on the bundled one, once more through H.264. The built-in
renderer plays the motion, the face is followed, and its motion is seen. Figures are correlations
with what the renderer was asked to show, and slopes of the seen curves on those. Portraits without
a human face are shown, too; the medians are those of all. Time is that of one thread.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

import moda_core as moda
from moda_core.bundles.bundle import Bundle
from moda_core.example import PORTRAIT, SPEECH
from moda_core.face.face_track import FaceTrack
from moda_core.face.follow_face import follow_face
from moda_core.head.seen_motion import SeenMotion, see_motion
from moda_core.motion.controls import OPENING, lip_opening
from moda_core.motion.motion import Motion
from moda_core.portrait.portrait import Portrait
from moda_core.runtime.threads import one_thread
from moda_core.video.footage import open_footage
from moda_core.warp.drive import PITCH_GAIN, YAW_GAIN, bounded_controls, bounded_pose

from .held_out_speech import espeak_test_clips
from .progress import Progress

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LARGEST_PICTURE = 1024  # longest side of portraits
SENTENCES = 2  # for each portrait
GAINS = {"pitch": PITCH_GAIN, "yaw": YAW_GAIN, "roll": 1.0}  # that the renderer adds
CORRELATION = {"yaw": 0.95, "pitch": 0.9, "roll": 0.95, "jaw": 0.9, "blink": 0.85, "width": 0.8}
REQUIRED = {"correlation": CORRELATION, "slope": [0.85, 1.15], "ms_per_frame": 8.0}


def shown_curves(motion: Motion) -> dict[str, np.ndarray]:
    """Return what the renderer makes of a motion, (N,) by name: degrees and controls.

    The jaw is the opening of the lips, the blink the mean of both eyes.
    """
    controls, pose = bounded_controls(motion), bounded_pose(motion)
    curves = {name: pose[name].rad2deg() / gain for name, gain in GAINS.items()}
    curves["jaw"] = lip_opening(controls) / OPENING
    curves["blink"] = (controls["blink_left"] + controls["blink_right"]) / 2
    curves["width"] = controls["width"]
    return {name: curve.numpy() for name, curve in curves.items()}


def compare(played: Motion, seen: Motion) -> dict[str, dict[str, float]]:
    """Return the correlation and the slope of each seen curve with the played one."""
    true, found = shown_curves(played), shown_curves(seen)
    figures: dict[str, dict[str, float]] = {"correlation": {}, "slope": {}}
    for name in CORRELATION:
        figures["correlation"][name] = round(float(np.corrcoef(true[name], found[name])[0, 1]), 3)
        figures["slope"][name] = round(float(np.polyfit(true[name], found[name], 1)[0]), 3)
    return figures


def played_frames(
    model: Bundle, portrait: Portrait, motion: Motion
) -> Iterator[tuple[float, Tensor]]:
    """Yield the frames (H, W, 3) of a motion, with their times in seconds."""
    frames = (frame for chunk in model.render(portrait, motion) for frame in chunk)
    for index, frame in enumerate(frames):
        yield index / motion.fps, frame


def coded_frames(
    model: Bundle, portrait: Portrait, motion: Motion
) -> Iterator[tuple[float, Tensor]]:
    """Write a motion as an H.264 file, and yield the frames that it shows, with their times."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        model.write_video(path, portrait, motion)
        yield from open_footage(path).frames()


def look(frames: Iterable[tuple[float, Tensor]]) -> tuple[FaceTrack, SeenMotion, float]:
    """Follow the face in frames; return its track, what is seen, and milliseconds a frame."""
    track = follow_face(frames)
    start = time.process_time()
    seen = see_motion(track)
    return track, seen, 1000 * (time.process_time() - start) / len(track)


def round_trip(model: Bundle, portrait: Portrait, motion: Motion, coded: bool = False) -> dict:
    """Return the figures of one motion on one portrait."""
    frames = (coded_frames if coded else played_frames)(model, portrait, motion)
    track, seen, cost = look(frames)
    return {
        "frames": len(motion),
        "lost": int(track.is_lost.sum()),
        "reference": seen.reference,
        "ms_per_frame": round(cost, 1),
        **compare(motion, seen.motion(motion.fps, len(motion))),
    }


def misses(figures: dict) -> list[str]:
    """Return the curves that do not reach what is required."""
    low, high = REQUIRED["slope"]
    missed = []
    for name, least in CORRELATION.items():
        correlation, slope = figures["correlation"][name], figures["slope"][name]
        if not correlation >= least:
            missed.append(f"{name} correlation {correlation:.2f}")
        if not low <= slope <= high:
            missed.append(f"{name} slope {slope:.2f}")
    return missed


def summary(by_portrait: dict[str, dict]) -> dict:
    """Return medians and worst values over portraits."""
    names = {
        kind: {
            name: [figures[kind][name] for figures in by_portrait.values()] for name in CORRELATION
        }
        for kind in ("correlation", "slope")
    }
    return {
        "correlation": {k: round(float(np.median(v)), 3) for k, v in names["correlation"].items()},
        "worst_correlation": {k: min(v) for k, v in names["correlation"].items()},
        "slope": {k: round(float(np.median(v)), 3) for k, v in names["slope"].items()},
        "slope_range": {k: [min(v), max(v)] for k, v in names["slope"].items()},
        "ms_per_frame": max(figures["ms_per_frame"] for figures in by_portrait.values()),
        "missed": {name: misses(each) for name, each in by_portrait.items() if misses(each)},
    }


def read_portrait(model: Bundle, path: Path) -> Portrait:
    """Read a picture, not too large, and find its face."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    image.thumbnail((LARGEST_PICTURE, LARGEST_PICTURE), Image.Resampling.LANCZOS)
    return model.portrait(torch.from_numpy(np.array(image)))


@one_thread()
def run(folder: str | None = None, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. All runs on the CPU in fp32, whatever is asked."""
    paths = sorted(Path(folder).iterdir()) if folder else []
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    progress, model, by_portrait = Progress("round-trip", len(paths) + 2), moda.load_starter(), {}
    portrait, speech = read_portrait(model, Path(PORTRAIT)), model.encode(SPEECH)
    motion = model.perform(portrait, speech, seed=0)
    for name, coded in (("bundled", False), ("bundled, H.264", True)):
        progress(name)
        by_portrait[name] = round_trip(model, portrait, motion, coded)
    clips = espeak_test_clips() if paths else []
    for index, path in enumerate(paths):
        progress(path.name)
        first = SENTENCES * index % (len(clips) - SENTENCES + 1)
        spoken = [clip.waveform for clip in clips[first : first + SENTENCES]]
        speech = model.encode((torch.from_numpy(np.concatenate(spoken)), 16000))
        portrait = read_portrait(model, path)
        motion = model.perform(portrait, speech, seed=index + 1)
        by_portrait[path.stem] = round_trip(model, portrait, motion)
    return {**summary(by_portrait), "by_portrait": by_portrait, "required": REQUIRED}
