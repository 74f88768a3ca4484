"""Following a face through clips: speed, lost frames, and how steady the square is.

`python run.py bench follow [CLIP...]`. Two clips of the bundled portrait come first: a still one
with grain, and one that pans at 100 pixels a second. Pixels are those of a crop of 512, twice as
large as the head's square. Jitter is how far the square's corners are from the middle between those
of the frames before and after, where the head moves by less than 4% of its size in a second: as the
root of the mean square. The wander of the still clip is that of the corners from their mean places.
Time is that of one thread.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from moda_core.face.face_track import FaceTrack
from moda_core.face.follow_face import follow_face
from moda_core.runtime.threads import one_thread
from moda_core.video.footage import open_footage

from ..faces import on_screen
from ..moving_faces import grainy
from .progress import Progress

FPS = 25
CROP, CROP_SCALE = 512, 2.0
STILL = 0.04  # sides a second
WINDOW_S = 0.5  # over which that speed is measured, to each side
GRAIN = 4.0  # grey levels
FACE_WIDTH, PLACE = 180, (60, 40)
PAN = 100  # pixels a second
NUM_FRAMES = 50
REQUIRED = {"jitter_px": 0.3, "wander_px": 0.3, "lag_px": 2.0}

Timed = tuple[float, Tensor]


class Clock:
    """Passes frames on, and tells the CPU time that making them takes."""

    def __init__(self, frames: Iterable[Timed]):
        self.frames, self.seconds = iter(frames), 0.0

    def __iter__(self) -> Iterator[Timed]:
        while True:
            start = time.process_time()
            frame = next(self.frames, None)
            self.seconds += time.process_time() - start
            if frame is None:
                return
            yield frame


def panned_portrait(speed: float) -> Iterator[Timed]:
    """Yield frames of 1280 x 720 of the portrait, moving to the right, with grain."""
    screen = on_screen(FACE_WIDTH, PLACE)
    for index in range(NUM_FRAMES):
        shift = speed * index / FPS
        moved = screen.transform(
            screen.size, Image.Transform.AFFINE, (1, 0, -shift, 0, 1, 0), Image.Resampling.BICUBIC
        )
        yield index / FPS, grainy(moved, GRAIN, index)


def corners(track: FaceTrack) -> np.ndarray:
    """Return the corners of the squares (N, 4, 2) in pixels of the picture."""
    unit = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    return np.array([square.to_picture(unit) for square in track.squares])


def in_crop(track: FaceTrack, offsets: np.ndarray) -> np.ndarray:
    """Return the lengths (n, 4) of offsets (n, 4, 2) of the picture, in pixels of the crop."""
    side = float(np.median([square.side for square in track.squares]))
    return np.hypot(offsets[..., 0], offsets[..., 1]) * CROP / CROP_SCALE / side


def root_mean_square(lengths: np.ndarray) -> float:
    """Return it to three digits after the point."""
    return round(float(np.sqrt((lengths**2).mean())), 3)


def still_frames(track: FaceTrack) -> np.ndarray:
    """Return whether the head hardly moves around each frame but the ends, (N - 2,), bool."""
    places = np.array([(square.x, square.y, square.side) for square in track.squares])
    times, still = track.times, []
    for index in range(1, len(track) - 1):
        near = np.abs(times - times[index]) <= WINDOW_S
        span = max(float(np.ptp(times[near])), 1e-6)
        still.append(np.ptp(places[near], axis=0).max() < STILL * span * places[index, 2])
    lost = track.is_lost[1:] | track.is_lost[:-1]
    return np.array(still, bool) & ~lost[1:] & ~lost[:-1]


def follow(frames: Iterable[Timed]) -> tuple[FaceTrack, dict]:
    """Follow the largest face; return its track and figures."""
    clock, start = Clock(frames), time.process_time()
    track = follow_face(clock)
    seconds = time.process_time() - start - clock.seconds
    places, still = corners(track), still_frames(track)
    offsets = in_crop(track, places[1:-1] - (places[:-2] + places[2:]) / 2)[still]
    figures = {
        "frames": len(track),
        "frames_per_s": round(len(track) / seconds, 1),
        "decoding_ms": round(1000 * clock.seconds / len(track), 1),
        "lost": int(track.is_lost.sum()),
        "restarts": list(track.restarts),
        "least_confidence": round(float(track.confidence.min()), 2),
        "still_frames": int(still.sum()),
        "jitter_px": root_mean_square(offsets) if still.any() else None,
    }
    return track, figures


@one_thread()
def run(*clips: str, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. Faces are followed on the CPU in fp32 whatever is asked."""
    progress, figures = Progress("follow", 2 + len(clips)), {}
    progress("still portrait")
    track, figures["still"] = follow(panned_portrait(0.0))
    places = corners(track)
    figures["still"]["wander_px"] = root_mean_square(in_crop(track, places - places.mean(0)))
    resting_x = np.mean([square.x for square in track.squares])
    progress("panned portrait")
    track, figures["pan"] = follow(panned_portrait(PAN))
    lags = [resting_x + PAN * t - s.x for t, s in zip(track.times, track.squares, strict=True)]
    figures["pan"]["lag_px"] = round(float(np.abs(lags).max()), 2)
    for clip in clips:
        progress(clip)
        footage = open_footage(clip)
        _, measured = follow(footage.frames(rough=True))
        figures[Path(clip).name] = {"size": footage.size, **measured}
    return {**figures, "required": REQUIRED}
