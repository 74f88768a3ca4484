"""How much of an open mouth the landmarks miss in a clip.

The network sees some mouths less open than they are, such as those of dim or painted faces; lips
that are closed by its landmarks would then stay open a little where they were. It sees the rest in
rendered frames as well, which tells the share.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..face.find_faces import square_around
from ..face.followed_face import see
from ..motion.controls import CONTROLS, compose
from ..motion.motion import EXPRESSION
from ..portrait.portrait import Portrait
from .face_clip import FaceClip
from .lower_face import frontal_landmarks
from .warp_source import WarpSource

FRAMES, FRAMES_OF = (8, 24), 25  # least and most that are rendered, and one for so many
JAWS = (0.2, 0.35, 0.6)  # in the rendered frames
CLOSED_BY_SHARE = 1.1  # about so much of the opening a share of 1 closes
RANGE = (-0.2, 0.6)
LEAST_SPREAD = 0.03  # of the openings, in eye distances; less tells nothing
UPPER, LOWER = [82, 13, 312], [87, 14, 317]  # inner edges of the lips


def find_unseen_gap(renderer, portrait: Portrait) -> float:
    """Return the share of the lips' opening that the landmarks of a portrait's clip miss."""
    face: FaceClip = portrait.clip
    found = np.flatnonzero(~face.track.is_lost)
    sample = found[:: max(1, len(found) // (10 * FRAMES[1]))]
    gaps = np.array([_gap(face.landmarks(index), face.fit(index)) for index in sample])
    count = min(max(len(found) // FRAMES_OF, FRAMES[0]), FRAMES[1])
    wanted = np.linspace(gaps.min(), gaps.max(), count)
    chosen = np.unique([np.abs(gaps - gap).argmin() for gap in wanted])
    if np.ptp(gaps[chosen]) < LEAST_SPREAD:
        return 0.0
    frames = sample[chosen]
    pictures = zip(frames.tolist(), face.clip.images_at(face.track.times[frames]), strict=True)
    pictures = list(pictures)

    def remaining(share: float) -> float:
        return _remaining(renderer, portrait, share, pictures, gaps[chosen])

    first = remaining(0.0)
    share = float(np.clip(first / CLOSED_BY_SHARE, *RANGE))
    if abs(share) < 0.02:
        return share
    second = remaining(share)
    slope = (first - second) / share  # by a step of the secant method
    return float(np.clip(first / max(slope, CLOSED_BY_SHARE / 3), *RANGE))


def _remaining(
    renderer,
    portrait: Portrait,
    share: float,
    pictures: list[tuple[int, Tensor]],
    gaps: np.ndarray,
) -> float:
    """Return how much of the clip's opening is seen in frames that are rendered equally open."""
    face: FaceClip = portrait.clip
    source = WarpSource(share)

    def seen_gap(asked: tuple[float, tuple[int, Tensor]]) -> float:
        jaw, (index, picture) = asked
        controls = torch.zeros(len(CONTROLS))
        controls[CONTROLS.index("jaw")] = jaw
        row, landmarks = face.seen[index].clone(), face.landmarks(index)
        row[EXPRESSION] = face.rest + compose(controls)
        drawn = source.draw(renderer, portrait, picture, picture, index, row)
        sighting = see(drawn, square_around(landmarks.mesh))
        mesh = landmarks.mesh if sighting is None else sighting.mesh
        return _gap(replace(landmarks, mesh=mesh), face.fit(index))

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        seen = list(pool.map(seen_gap, itertools.product(JAWS, pictures)))
    seen = np.reshape(seen, (len(JAWS), len(pictures)))
    return float(np.polyfit(gaps, seen.T, 1)[0].mean())


def _gap(landmarks, fit) -> float:
    """Return the opening of the lips in eye distances."""
    mesh, *_ = frontal_landmarks(landmarks, fit)
    return float((mesh[LOWER, 1] - mesh[UPPER, 1]).mean())
