"""Measures a face's expression and pose on rendered pictures, with no landmark model.

Small patches around known places of the neutral picture are found again in a frame by normalised
cross-correlation. The lips are blanked before anything is measured, so nothing here can read
speech. Lengths are in eye distances, y is down the face.
"""

import math

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from moda_core.face.landmarks import FaceLandmarks
from moda_core.warp.face_shape import FaceFrame, MouthShape, face_shape

CELLS = 48  # of the measured crop, in an eye distance
CROP = (-1.35, -1.05, 1.35, 1.45)  # of the face: left, top, right, bottom
BLANK = 0.5
LIPS = (1.05, 0.2, 0.42)  # blanked ellipse: half widths of the mouth, centre below it, half height

# Patches: x, y of the middle, half width, half height; mirrored ones are given for the right side.
ANCHORS = {"bridge": (0.0, 0.12, 0.16, 0.16), "tip": (0.0, 0.56, 0.18, 0.16)}
SIDE_ANCHORS = {"canthus": (0.27, 0.04, 0.12, 0.12), "temple": (0.86, 0.1, 0.14, 0.18)}
WHOLE = (0.0, 0.05, 0.85, 0.5)
BROWS = {"brow_inner": (0.3, -0.34, 0.14, 0.12), "brow_outer": (0.68, -0.34, 0.14, 0.12)}
LID_PATCHES = {"upper_lid": (0.49, -0.09, 0.16, 0.06), "lower_lid": (0.49, 0.12, 0.16, 0.07)}
LID_REACH = (0.03, 0.17)
ALIKE, SHUT = 0.5, -0.15  # least correlation of a lid that was found; opening if it was not
FACE = {"cheek": (0.58, 0.56, 0.15, 0.14), "wing": (0.22, 0.62, 0.12, 0.1)}
CORNER = (0.08, -0.02, 0.14, 0.18)  # beside the corner of the mouth

FEATURES = (
    "brow_inner_left",
    "brow_inner_right",
    "brow_outer_left",
    "brow_outer_right",
    "brow_distance",
    "eye_left",
    "eye_right",
    "corner_left_x",
    "corner_left_y",
    "corner_right_x",
    "corner_right_y",
    "cheek",
    "wing",
    "shift_x",
    "shift_y",
    "scale",
    "roll",
    "yaw",
    "pitch",
)


def measure(neutral: np.ndarray, frame: np.ndarray, landmarks: FaceLandmarks) -> dict[str, float]:
    """Measure how a face differs from its neutral picture.

    Parameters
    ----------
    neutral, frame : array, shape (H, W, 3), uint8
        Renders of the same portrait.
    landmarks : FaceLandmarks
        Of the neutral picture.

    Returns
    -------
    dict from str to float
        By `FEATURES`. Brows, lids, cheeks, wings and corners: shift in eye distances against the
        head, y down; ``eye_*``: change of the opening; ``brow_distance``: change of the distance
        of the inner ends; ``shift_*``, ``scale`` (0 is unchanged) and ``roll`` (radians,
        clockwise): of the head in the picture; ``yaw``, ``pitch``: parallax of the tip of the
        nose against the temples and the bridge.
    """
    shape = face_shape(landmarks)
    template = _crop(neutral, shape.frame, shape.mouth)
    frame_place = _follow_head(template, frame, shape.frame, shape.mouth)
    crop = _crop(frame, frame_place, shape.mouth)
    length = shape.length
    found = {
        name: _track(template, crop, patch, LID_REACH if "lid" in name else (0.2, 0.2))
        for name, patch in _patches(length, shape.mouth).items()
    }
    return _features(found, shape.frame, frame_place)


def as_array(measures: dict[str, float]) -> np.ndarray:
    """Return measures in the order of `FEATURES`, shape (19,)."""
    return np.array([measures[name] for name in FEATURES])


def _patches(length: float, mouth: MouthShape) -> dict[str, tuple[float, float, float, float]]:
    patches = {name: (x, y * length, w, h) for name, (x, y, w, h) in ANCHORS.items()}
    for table in (SIDE_ANCHORS, BROWS, LID_PATCHES, FACE):
        for name, (x, y, wide, high) in table.items():
            down = y * length if table is FACE else y
            patches[name + "_left"] = (-x, down, wide, high)
            patches[name + "_right"] = (x, down, wide, high)
    beside, below, wide, high = CORNER
    reach = mouth.half_width + beside
    patches["corner_left"] = (mouth.x - reach, mouth.y + below, wide, high)
    patches["corner_right"] = (mouth.x + reach, mouth.y + below, wide, high)
    return patches


def _crop(image: np.ndarray, frame: FaceFrame, mouth: MouthShape) -> np.ndarray:
    """Cut out the face, upright and at a fixed size, in grey, with the lips blanked."""
    left, top, right, bottom = CROP
    x = np.arange(round((right - left) * CELLS)) / CELLS + left
    y = np.arange(round((bottom - top) * CELLS)) / CELLS + top
    grid_x, grid_y = np.meshgrid(x, y)
    column, row = frame.to_pixels(grid_x, grid_y)
    grey = image.astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32) / 255
    grey = gaussian_filter(grey, max(0.3, 0.5 * frame.unit / CELLS))
    crop = map_coordinates(grey, [row - 0.5, column - 0.5], order=1, mode="nearest")
    half_widths, below, half_height = LIPS
    across = (grid_x - mouth.x) / (half_widths * mouth.half_width)
    down = (grid_y - mouth.y - below) / half_height
    return np.where(across**2 + down**2 < 1, np.float32(BLANK), crop)


def _follow_head(
    template: np.ndarray, image: np.ndarray, frame: FaceFrame, mouth: MouthShape
) -> FaceFrame:
    """Find the face frame of a moved head: shift, then a similarity, refined twice."""
    crop = _crop(image, frame, mouth)
    shift = _track(template, crop, WHOLE, reach=(0.45, 0.45), step=3)
    place = _moved(frame, shift[0], shift[1], 0.0, 1.0)
    anchors = {"bridge": ANCHORS["bridge"]}
    for name, (x, y, wide, high) in SIDE_ANCHORS.items():
        anchors[name + "_left"], anchors[name + "_right"] = (-x, y, wide, high), (x, y, wide, high)
    for _ in range(2):
        crop = _crop(image, place, mouth)
        before = np.array([patch[:2] for patch in anchors.values()])
        found = np.array([_track(template, crop, patch) for patch in anchors.values()])
        weight = found[:, 2].clip(0.05) ** 4
        place = _moved(place, *_similarity(before, before + found[:, :2], weight))
    return place


def _similarity(
    before: np.ndarray, after: np.ndarray, weight: np.ndarray
) -> tuple[float, float, float, float]:
    """Fit shift x, y at the origin, turn and scale by weighted least squares."""
    weight = weight / weight.sum()
    start = before[:, 0] + 1j * before[:, 1]
    stop = after[:, 0] + 1j * after[:, 1]
    start_mean, stop_mean = weight @ start, weight @ stop
    centred = np.conj(start - start_mean) * weight
    factor = (centred @ (stop - stop_mean)) / (centred @ (start - start_mean)).real
    offset = stop_mean - factor * start_mean
    return offset.real, offset.imag, math.atan2(factor.imag, factor.real), abs(factor)


def _moved(frame: FaceFrame, x: float, y: float, turn: float, scale: float) -> FaceFrame:
    column, row = frame.to_pixels(x, y)
    return FaceFrame(float(column), float(row), frame.unit * scale, frame.angle + turn)


def _track(
    template: np.ndarray,
    crop: np.ndarray,
    patch: tuple[float, float, float, float],
    reach: tuple[float, float] = (0.2, 0.2),
    step: int = 1,
) -> tuple[float, float, float]:
    """Find a patch of the template in a crop: its shift x, y in eye distances, and how alike."""
    x, y, wide, high = patch
    middle = np.array([(y - CROP[1]) * CELLS, (x - CROP[0]) * CELLS]).round().astype(int)
    half = np.array([high * CELLS, wide * CELLS]).round().astype(int)
    search = np.array([reach[1], reach[0]]) * CELLS // step * step
    search = search.astype(int)
    pad = int(search.max() + half.max()) + 1
    padded = np.pad(crop, pad, constant_values=BLANK)
    wanted = _window(np.pad(template, pad, constant_values=BLANK), middle + pad, half)[
        ::step, ::step
    ]
    area = _window(padded, middle + pad, half + search)[::step, ::step]
    score = _correlation(area, wanted)
    row, column = np.unravel_index(score.argmax(), score.shape)
    limit = search // step
    down = (row + _vertex(score[:, column], row) - limit[0]) * step / CELLS
    across = (column + _vertex(score[row], column) - limit[1]) * step / CELLS
    return float(across), float(down), float(score[row, column])


def _window(image: np.ndarray, middle: np.ndarray, half: np.ndarray) -> np.ndarray:
    (top, left), (bottom, right) = middle - half, middle + half + 1
    return image[top:bottom, left:right]


def _correlation(area: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Normalised cross-correlation of a patch with every place of an area."""
    windows = np.lib.stride_tricks.sliding_window_view(area, wanted.shape)
    flat = windows.reshape(*windows.shape[:2], -1)
    patch = (wanted - wanted.mean()).ravel()
    centred = flat - flat.mean(axis=2, keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=2) * (patch @ patch)) + 1e-4
    score = centred @ patch / norm
    # Patches without texture stay where they are.
    rows, columns = (np.arange(n) - n // 2 for n in score.shape)
    return score - 1e-4 * (rows[:, None] ** 2 + columns**2)


def _vertex(values: np.ndarray, index: int) -> float:
    """Offset of the peak of the parabola through a maximum and its neighbours."""
    if index in (0, len(values) - 1):
        return 0.0
    before, peak, after = values[index - 1 : index + 2]
    curvature = before - 2 * peak + after
    return float(0.5 * (before - after) / curvature) if curvature < 0 else 0.0


def _features(
    found: dict[str, tuple[float, float, float]], start: FaceFrame, place: FaceFrame
) -> dict[str, float]:
    def mean(name: str, axis: int) -> float:
        return (found[name + "_left"][axis] + found[name + "_right"][axis]) / 2

    shift_x, shift_y = start.to_face(place.origin_x, place.origin_y)
    features = {
        f"{name}_{side}": found[f"{name}_{side}"][1]
        for name in ("brow_inner", "brow_outer")
        for side in ("left", "right")
    }
    features["brow_distance"] = found["brow_inner_right"][0] - found["brow_inner_left"][0]
    for side in ("left", "right"):
        lower, upper = found[f"lower_lid_{side}"], found[f"upper_lid_{side}"]
        lost = upper[2] < ALIKE  # a shut eye looks like nothing in the neutral picture
        features[f"eye_{side}"] = SHUT if lost else lower[1] - upper[1]
        features[f"corner_{side}_x"], features[f"corner_{side}_y"] = found[f"corner_{side}"][:2]
    features["cheek"] = mean("cheek", 1)
    features["wing"] = mean("wing", 1)
    features |= {"shift_x": float(shift_x), "shift_y": float(shift_y)}
    features |= {"scale": place.unit / start.unit - 1, "roll": place.angle - start.angle}
    features["yaw"] = found["tip"][0] - mean("temple", 0)
    features["pitch"] = found["tip"][1] - found["bridge"][1]
    return {name: float(features[name]) for name in FEATURES}
