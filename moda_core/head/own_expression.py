"""The smile that a picture shows by itself, by the fit of the head to its landmarks.

Other parts of a face differ between people by more than by expression: a single picture does not
tell low brows, narrow eyes or full lips from lowered, squinting or rounded ones.
"""

import numpy as np
import torch
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import NUM_POINTS, NUM_SURFACE_POINTS
from ..motion.controls import CONTROLS
from .head_fit import find_head
from .head_model import head_model
from .seen_controls import READ_OUTS, weighted
from .unturned_face import PersonsHead, measure

# Of the smile that is seen: the renderer's lips at rest relax a picture's smile too, and all of it
# undone looks sad.
SHARE = 0.5
LARGEST = 0.6
OWN = ("smile", "width")


def own_smile(landmarks: FaceLandmarks) -> Tensor:
    """Return the controls (12,), float32, of the picture's own smile; the others are 0.

    Subtracted from a motion they show a face without it.
    """
    fit = find_head(landmarks)
    moved = torch.tensordot(fit.moves, head_model().landmarks[2], 1).numpy()
    points = np.zeros((NUM_POINTS, 2))
    points[:NUM_SURFACE_POINTS] = moved[:, :2] / PersonsHead.of(fit.shape).unit
    change, own = measure(points), torch.zeros(len(CONTROLS))
    for name in OWN:
        seen = SHARE * float(weighted(change, READ_OUTS[name]))
        own[CONTROLS.index(name)] = min(max(seen, -LARGEST), LARGEST)
    return own
