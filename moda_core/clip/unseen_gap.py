"""How much of an open mouth the landmarks miss in a clip.

The network sees some mouths less open than they are, such as those of dim or painted faces; lips
that are closed by its landmarks would then stay open a little where they were. It sees the rest in
rendered frames as well, which tells the share.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ..face.find_faces import square_around
from ..face.followed_face import see
from ..head.unturned_face import LOWER_LIP, UPPER_LIP
from ..motion.controls import CONTROLS, compose
from ..motion.motion import EXPRESSION
from ..portrait.portrait import Portrait
from .face_clip import FaceClip
from .lower_face import frontal_landmarks
from .warp_source import WarpSource

FRAMES, FRAMES_OF = (8, 24), 25  # least and most that are rendered, and one for so many
JAWS = (0.1, 0.35, 0.7)  # in the rendered frames; those of a third of speech each
SHARES = (0.0, 0.15)  # that are tried
ASKED = tuple(zip(*itertools.product(SHARES, JAWS), strict=True))
CLOSED_BY_SHARE = 1.1  # about so much of the opening a share of 1 closes
RANGE = (-0.2, 0.6)
LEAST_SPREAD = 0.03  # of the openings, in eye distances; less tells nothing


def find_unseen_gap(renderer, portrait: Portrait) -> float:
    """Return the share of the lips' opening that the landmarks of a portrait's clip miss."""
    face: FaceClip = portrait.clip
    found = np.flatnonzero(~face.track.is_lost)
    sample = found[:: max(1, len(found) // (10 * FRAMES[1]))]
    gaps = np.array([_gap(face.landmarks(index), face.fit(index)) for index in sample])
    count = min(max(len(found) // FRAMES_OF, FRAMES[0]), FRAMES[1])
    ranks = np.linspace(0, len(gaps) - 1, count).round().astype(int)
    chosen = np.sort(np.argsort(gaps)[np.unique(ranks)])  # as often open as the clip
    if np.ptp(gaps[chosen]) < LEAST_SPREAD:
        return 0.0
    frames = sample[chosen]
    pictures = face.clip.images_at(face.track.times[frames])
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        seen = [
            list(pool.map(partial(_seen_gap, renderer, portrait, index, picture), *ASKED))
            for index, picture in zip(frames.tolist(), pictures, strict=True)
        ]
    seen = np.reshape(seen, (len(frames), len(SHARES), len(JAWS)))
    # How much of the clip's opening is seen in frames that are rendered equally open.
    remaining = [np.polyfit(gaps[chosen], each, 1)[0].mean() for each in np.moveaxis(seen, 1, 0)]
    by_share = (remaining[0] - remaining[1]) / (SHARES[1] - SHARES[0])
    share = SHARES[0] + remaining[0] / max(by_share, CLOSED_BY_SHARE / 3)
    return float(np.clip(share, *RANGE))


def _seen_gap(
    renderer, portrait: Portrait, index: int, picture: Tensor, share: float, jaw: float
) -> float:
    """Return the opening that is seen in a frame which is rendered by a share with a jaw."""
    face: FaceClip = portrait.clip
    controls = torch.zeros(len(CONTROLS))
    controls[CONTROLS.index("jaw")] = jaw
    row, landmarks = face.seen[index].clone(), face.landmarks(index)
    row[EXPRESSION] = face.rest + compose(controls)
    drawn = WarpSource(share).draw(renderer, portrait, picture, picture, index, row)
    sighting = see(drawn, square_around(landmarks.mesh))
    mesh = landmarks.mesh if sighting is None else sighting.mesh
    return _gap(replace(landmarks, mesh=mesh), face.fit(index))


def _gap(landmarks, fit) -> float:
    """Return the opening of the lips in eye distances."""
    mesh, *_ = frontal_landmarks(landmarks, fit)
    return float((mesh[LOWER_LIP, 1] - mesh[UPPER_LIP, 1]).mean())
