"""How much of an open mouth the landmarks miss in a clip.

The network sees some mouths less open than they are, such as those of dim or painted faces; lips
that are closed by its landmarks would then stay open a little where they were. It sees the rest in
rendered frames as well, which tells the share.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from ..face.find_faces import square_around
from ..face.followed_face import see_each
from ..head.unturned_face import LOWER_LIP, UPPER_LIP
from ..motion.controls import CONTROLS, compose
from ..motion.motion import EXPRESSION
from ..portrait.portrait import Portrait
from ..runtime.prefetch import prefetched
from ..runtime.threads import one_thread
from .face_clip import FaceClip
from .lower_face import frontal_landmarks, lower_face
from .warp_source import WarpSource

FRAMES, FRAMES_OF = (8, 24), 25  # least and most that are rendered, and one for so many
JAWS = (0.35, 0.1, 0.7)  # in the rendered frames; those of a third of speech each
SHARE = 0.15  # that is tried, with the first of them
ASKED = ((SHARE, JAWS[0]), *((0.0, jaw) for jaw in JAWS))
CLOSED_BY_SHARE = 1.1  # about so much of the opening a share of 1 closes
RANGE = (-0.2, 0.6)
LEAST_SPREAD = 0.03  # of the openings, in eye distances; less tells nothing


def find_unseen_gap(portrait: Portrait) -> float:
    """Return the share of the lips' opening that the landmarks of a portrait's clip miss."""
    face: FaceClip = portrait.clip
    found = np.flatnonzero(~face.track.is_lost)
    sample = found[:: max(1, len(found) // (4 * FRAMES[1]))]
    gaps = np.array([_gap(face.landmarks(index), face.fit(index)) for index in sample])
    count = min(max(len(found) // FRAMES_OF, FRAMES[0]), FRAMES[1])
    ranks = np.linspace(0, len(gaps) - 1, count).round().astype(int)
    chosen = np.sort(np.argsort(gaps)[np.unique(ranks)])  # as often open as the clip
    if np.ptp(gaps[chosen]) < LEAST_SPREAD:
        return 0.0
    frames = sample[chosen]
    pictures = prefetched(face.clip.images_at(face.track.times[frames]))
    seen, together = [], torch.get_num_threads()
    with ThreadPoolExecutor(together) as pool:
        for first in range(0, len(frames), together):
            some = frames[first : first + together].tolist()
            seen += pool.map(partial(_seen_gaps, portrait), some, islice(pictures, len(some)))
    # How much of the clip's opening is seen in frames that are rendered equally open.
    closed, *remaining = np.polyfit(gaps[chosen], seen, 1)[0]
    by_share = (remaining[0] - closed) / SHARE
    share = np.mean(remaining) / max(by_share, CLOSED_BY_SHARE / 3)
    return float(np.clip(share, *RANGE))


@one_thread()
def _seen_gaps(portrait: Portrait, index: int, picture: Tensor) -> list[float]:
    """Return the openings that are seen in a frame which is rendered as `ASKED`."""
    face: FaceClip = portrait.clip
    landmarks, fit = face.landmarks(index), face.fit(index)
    lower = lower_face(landmarks, fit, tuple(picture.shape[:2]))
    drawn = [picture] * len(ASKED)
    for place, (share, jaw) in enumerate(ASKED if lower else ()):
        controls = torch.zeros(len(CONTROLS))
        controls[CONTROLS.index("jaw")] = jaw
        row = face.seen[index].clone()
        row[EXPRESSION] = face.rest + compose(controls)
        source = WarpSource(share)
        drawn[place] = source.draw_lower_face(lower, portrait, picture, picture, index, row)
    sightings = see_each(drawn, square_around(landmarks.mesh))
    meshes = [landmarks.mesh if each is None else each.mesh for each in sightings]
    return [_gap(replace(landmarks, mesh=mesh), fit) for mesh in meshes]


def _gap(landmarks, fit) -> float:
    """Return the opening of the lips in eye distances."""
    mesh, *_ = frontal_landmarks(landmarks, fit)
    return float((mesh[LOWER_LIP, 1] - mesh[UPPER_LIP, 1]).mean())
