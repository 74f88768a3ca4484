"""The lower face in a frame of a clip: its frontal coordinates, and the window that is replaced."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..face.landmarks import FaceLandmarks
from ..face.mesh_points import (
    CHIN,
    INNER_LIPS_MIDDLE,
    LEFT_EYE,
    NUM_SURFACE_POINTS,
    RIGHT_EYE,
)
from ..head.head_fit import CAMERA_DISTANCE, HeadFit
from ..head.head_model import head_model
from ..head.thin_plate import thin_plate_shift
from ..head.unturned_face import PersonsHead
from ..motion.easing import smoothstep
from ..runtime.threads import one_thread

# The window: 0 from the first number on, whole from the second one. Heights over that of the upper
# lip below the eyes, and eye distances beside the middle and below the chin.
TOP, SIDES, BELOW_CHIN = (0.48, 0.69), (1.1, 0.8), (0.9, 0.6)
KNOTS_FROM = 0.3  # eye distances below the eyes
LEAST_FACING = 0.2  # cosine between the viewer and a landmark's normal
KNOT_STEP = 2  # every second landmark
CELLS_PER_EYE_DISTANCE = 14
SEAM_Y = 1.04  # of the closed lips of an average face, in eye distances


@dataclass(frozen=True, eq=False)
class LowerFace:
    """The lower face of one frame, at cells that fill a box of whole pixels.

    Parameters
    ----------
    rows, columns : slice
        The box in the picture.
    coordinates : Tensor, shape (2, h, w), float32
        Frontal x and y at the cells.
    window : Tensor, shape (h, w), in [0, 1]
        How far the face is replaced; 0 at the edges of the box inside the picture.
    axes : Tensor, shape (2, 2)
        Columns: pixels of an eye distance along the face and down it.
    unit : float
        Pixels in an eye distance of a face that looks at the viewer.
    mesh : array, shape (468, 2)
        Frontal coordinates of the landmarks.
    """

    rows: slice
    columns: slice
    coordinates: Tensor
    window: Tensor
    axes: Tensor
    unit: float
    mesh: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the box."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def chin(self) -> float:
        """Height of the tip of the chin below the eyes."""
        return float(self.mesh[CHIN, 1])

    @property
    def length(self) -> float:
        """Height of the mouth below the eyes over the average."""
        return float(self.mesh[INNER_LIPS_MIDDLE[0], 1]) / SEAM_Y

    def full_window(self, picture: tuple[int, int]) -> Tensor:
        """Return the window in a picture of a height and width, (H, W), in [0, 1]."""
        mask = torch.zeros(picture)
        window = self.window[None, None]
        enlarged = F.interpolate(window, self.size, mode="bilinear", align_corners=False)
        mask[self.rows, self.columns] = enlarged[0, 0]
        return mask

    def around(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[slice, slice] | None:
        """Return the box's rows and columns that hold a part by frontal coordinates, if any do."""
        x, y = self.coordinates
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        used = []
        for axis, length in enumerate(self.size):
            cells, pixels = inside.any(dim=1 - axis).nonzero(), length / x.shape[axis]
            if not len(cells):
                return None
            start, stop = int((cells[0] - 1) * pixels), int((cells[-1] + 2) * pixels)
            used.append(slice(max(0, start), min(length, stop)))
        return tuple(used)


@one_thread()
@torch.no_grad()
def lower_face(
    landmarks: FaceLandmarks, fit: HeadFit, picture: tuple[int, int]
) -> LowerFace | None:
    """Locate the lower face in a picture of height and width `picture`; None if it is outside."""
    mesh, axes, origin, unit = frontal_landmarks(landmarks, fit)
    lips, chin = float(mesh[INNER_LIPS_MIDDLE[0], 1]), float(mesh[CHIN, 1])
    known = torch.from_numpy(landmarks.mesh[:NUM_SURFACE_POINTS, :2].astype(float))
    top, bottom = TOP[0] * lips, chin + BELOW_CHIN[0]
    corners = axes.new_tensor([(x, y) for x in (-SIDES[0], SIDES[0]) for y in (top, bottom)])
    shown = torch.cat([corners @ axes.T + origin, known[mesh[:, 1] > top]])
    first, last = torch.aminmax(shown, dim=0)
    columns, rows = (
        slice(max(0, int(start)), min(length, int(stop) + 1))
        for start, stop, length in zip(first, last, picture[::-1], strict=True)
    )
    if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
        return None
    x, y = (_cell_centres(span, unit) for span in (columns, rows))
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    to_flat = torch.linalg.inv(axes).T
    flat, cells = (known - origin) @ to_flat, (pixels - origin) @ to_flat
    knots = (mesh[:, 1] > KNOTS_FROM) & (_normals() @ fit.rotation[2] > LEAST_FACING)
    coordinates = _coordinates(mesh[knots], flat[knots], cells)
    window = _window(coordinates, lips, chin)
    return LowerFace(
        rows, columns, coordinates.float(), window.float(), axes.float(), unit, mesh.numpy()
    )


def frontal_landmarks(
    landmarks: FaceLandmarks, fit: HeadFit
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Return the frontal coordinates of landmarks on a fitted head, and their place.

    Returns
    -------
    mesh : Tensor, shape (468, 2)
        Coordinates of `FrontalFrame`, but with its origin and unit from the corners of the eyes,
        which do not move with the gaze.
    axes : Tensor, shape (2, 2)
    origin : Tensor, shape (2,)
    unit : float
        As of `FrontalFrame`.
    """
    person = PersonsHead.of(fit.shape)
    points = person.unturned(fit, landmarks)[:NUM_SURFACE_POINTS]
    left, right = (points[of].mean(axis=0) for of in (LEFT_EYE, RIGHT_EYE))
    across = right - left
    length = float(np.hypot(*across))
    (right_x, right_y), middle = across / length, (left + right) / 2
    turn = np.array([[right_x, right_y], [-right_y, right_x]])
    mesh = (points - middle) @ turn.T / length
    depth = person.surface[[*LEFT_EYE, *RIGHT_EYE], 2].mean()
    eyes = fit.rotation @ torch.tensor([*(middle * person.unit), depth])
    near = CAMERA_DISTANCE / (CAMERA_DISTANCE - float(eyes[2]))
    unit = length * person.unit * fit.scale * near
    axes = unit * fit.rotation[:2, :2] @ torch.from_numpy(turn).T
    return torch.from_numpy(mesh), axes, fit.to_pixels(eyes), unit


@cache
@torch.inference_mode(False)
def _normals() -> Tensor:
    """Return the directions (468, 3) in which the mean head's skin faces at the landmarks."""
    model = head_model()
    first, second, third = model.mean[model.landmark_vertices].unbind(dim=1)
    normals = F.normalize(torch.linalg.cross(second - first, third - first), dim=1)
    return normals * normals[:, 2].median().sign()


def _coordinates(mesh: Tensor, flat: Tensor, cells: Tensor) -> Tensor:
    """Return the frontal coordinates (2, h, w) of cells.

    `flat` (n, 2) and `cells` (h, w, 2) are those of landmarks and cells as if the face were flat.
    """
    shift = thin_plate_shift(flat[::KNOT_STEP], mesh[::KNOT_STEP], cells.flatten(0, 1))
    return (cells + shift.view_as(cells)).permute(2, 0, 1)


def _window(coordinates: Tensor, lips: float, chin: float) -> Tensor:
    x, y = coordinates
    below = smoothstep(*BELOW_CHIN, y - chin)
    return smoothstep(*TOP, y / lips) * smoothstep(*SIDES, x.abs()) * below


def _cell_centres(span: slice, unit: float) -> Tensor:
    length = span.stop - span.start
    count = max(2, min(length, round(length / unit * CELLS_PER_EYE_DISTANCE)))
    return span.start + (torch.arange(count, dtype=torch.float64) + 0.5) * length / count
