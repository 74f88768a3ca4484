"""How well the built-in renderer's eyes shut, and how sharp their lash lines are.

`python run.py bench blinks FOLDER OUT` writes every portrait of a folder and the bundled one with
open and with shut eyes, and with shut eyes whose opening was painted `PAINT` before;
`bench blinks FOLDER OUT MESHES` measures them, where MESHES are those of OUT by
`mediapipe_landmarks.py`. Only portraits count whose eyes are open. Lengths are in eye distances:
``gap`` is the mean height of the opening that still shows when it should be shut; ``gap_seen`` the
mean distance of the pairs of lid points that the network sees, which slide along the lids when
these meet, and ``height_seen`` the part of it that is across the eye.
The sharpness of a lash line is the gradient across it, within `BAND` of the upper lid, root mean
square, over that of the open eye.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps
from scipy.ndimage import gaussian_filter, map_coordinates

from moda_core.errors import MoDAError
from moda_core.example import PORTRAIT
from moda_core.face.landmarks import FaceLandmarks
from moda_core.face.mesh_points import LEFT_EYE, RIGHT_EYE
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.motion.motion import PITCH, ROLL, YAW, Motion, released_stats
from moda_core.portrait.find_face import find_face
from moda_core.warp.warp_renderer import WarpRenderer

from .progress import Progress

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LARGEST_PICTURE = 1024  # longest side of portraits
BLINKS = ("blink_left", "blink_right")
STATES = {"open": 0.0, "shut": 1.0}
PAINT = (0, 255, 0)
PUPILS = (468, 473)
EYES = (LEFT_EYE, RIGHT_EYE)
# Upper and lower lid of each eye, from left to right, without the corners.
UPPER_LIDS = ((246, 161, 160, 159, 158, 157, 173), (398, 384, 385, 386, 387, 388, 466))
LOWER_LIDS = ((7, 163, 144, 145, 153, 154, 155), (382, 381, 380, 374, 373, 390, 249))
MIDDLE = slice(2, 5)  # of those
OPEN_GAP = 0.08  # of lids that count as open
BAND, CELL, NUM_COLUMNS = 0.04, 0.005, 40  # around the lash line
RESULTS = ("open_gap", "gap", "gap_seen", "height_seen", "sharpness")
REQUIRED = {"worst_gap": 0.02, "height_seen": 0.02, "sharpness": 0.8}


def blinking_motion() -> Motion:
    """Return one frame for each of `STATES`, in the picture's own pose."""
    values = released_stats().mean.repeat(len(STATES), 1)
    controls = torch.zeros(len(STATES), len(CONTROLS))
    for name in BLINKS:
        controls[:, CONTROLS.index(name)] = torch.tensor(list(STATES.values()))
    for angle in (PITCH, YAW, ROLL):
        values[:, angle] = 0
    values[:, :63] = rest_expression() + compose(controls)
    return Motion(values, rest_expression())


def painted_openings(image: Image.Image, landmarks: FaceLandmarks) -> torch.Tensor:
    """Return a picture (H, W, 3), uint8, whose eyes are painted."""
    painted = image.copy()
    for ring in EYES:
        points = [tuple(point) for point in (landmarks.mesh[ring, :2] - 0.5).tolist()]
        ImageDraw.Draw(painted).polygon(points, fill=PAINT)
    return torch.from_numpy(np.array(painted))


def write_frames(paths: list[Path], out: Path) -> None:
    """Render every portrait with open and with shut eyes."""
    out.mkdir(parents=True, exist_ok=True)
    renderer, progress = WarpRenderer(), Progress("blinks", len(paths))
    for path in paths:
        progress(path.name)
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        image.thumbnail((LARGEST_PICTURE, LARGEST_PICTURE), Image.Resampling.LANCZOS)
        picture = torch.from_numpy(np.array(image))
        landmarks = find_face(picture)
        portrait = renderer.portrait(picture, landmarks)
        painted = renderer.with_picture(portrait, painted_openings(image, landmarks))
        for kind, each in (("", portrait), ("-painted", painted)):
            frames = torch.cat(list(renderer.frames(each, blinking_motion())))
            for state, frame in zip(STATES, frames, strict=True):
                Image.fromarray(frame.numpy()).save(out / f"{path.stem}-{state}{kind}.png")


def painted_gap(painted: np.ndarray, plain: np.ndarray, mesh: np.ndarray, unit: float) -> float:
    """Return the mean height of the paint that shows in the eyes of a picture (H, W, 3)."""
    shown = greenness(painted) - greenness(plain)
    widths = [np.hypot(*(mesh[ring[8]] - mesh[ring[0]])) for ring in EYES]
    return float(shown.clip(min=0).sum() / sum(widths) / unit)


def greenness(image: np.ndarray) -> np.ndarray:
    """Return 1 where a picture (H, W, 3) is `PAINT`, 0 where it is not green at all."""
    red, green, blue = image.astype(float).transpose(2, 0, 1)
    return ((green - np.maximum(red, blue)) / 255).clip(0, 1)


def lid_gap(mesh: np.ndarray, eye: int, unit: float) -> float:
    """Return the distance of the lids in the middle of an eye of a mesh (478, 2)."""
    lids = (mesh[list(lid[eye][MIDDLE])] for lid in (UPPER_LIDS, LOWER_LIDS))
    return float(np.hypot(*np.subtract(*lids).T).mean()) / unit


def lid_height(mesh: np.ndarray, eye: int, unit: float) -> float:
    """Return how far the lids are apart across the line of the corners, in the middle of an eye."""
    upper, lower = (mesh[list(lid[eye][MIDDLE])].mean(axis=0) for lid in (UPPER_LIDS, LOWER_LIDS))
    x, y = mesh[EYES[eye][8]] - mesh[EYES[eye][0]]
    return float(abs(np.dot(lower - upper, (-y, x))) / np.hypot(x, y) / unit)


def lash_energy(image: np.ndarray, mesh: np.ndarray, eye: int, unit: float) -> float:
    """Return the mean square gradient of a picture (H, W) across the upper lid, by eye distance."""
    lid = mesh[list(UPPER_LIDS[eye])]
    line = np.stack(
        [np.interp(np.linspace(0, 6, NUM_COLUMNS), np.arange(7), axis) for axis in lid.T], axis=1
    )
    along = (lid[-1] - lid[0]) / np.hypot(*(lid[-1] - lid[0]))
    offsets = np.arange(-BAND, BAND + CELL / 2, CELL) * unit
    places = line[:, None] + offsets[:, None] * np.array([-along[1], along[0]])
    smooth = gaussian_filter(image, max(0.5, 0.5 * CELL * unit))
    across = map_coordinates(smooth, [places[..., 1] - 0.5, places[..., 0] - 0.5], order=1)
    return float(np.square(np.diff(across, axis=1) / CELL).mean())


def measure_eyes(out: Path, name: str, meshes: dict[str, np.ndarray]) -> dict | None:
    """Return the figures of one portrait, or None if it has no open eyes or no face is found."""
    files = [f"{name}-{state}.png" for state in STATES]
    if not set(files) <= set(meshes):
        return None
    opened, shut = (meshes[file] for file in files)
    unit = float(np.hypot(*np.subtract(*opened[list(PUPILS)])))
    before, after = ([lid_gap(mesh, eye, unit) for eye in (0, 1)] for mesh in (opened, shut))
    if min(before) < OPEN_GAP:
        return None
    pictures = [np.array(Image.open(out / file).convert("L"), float) for file in files]
    energies = [
        [lash_energy(picture, mesh, eye, unit) for eye in (0, 1)]
        for picture, mesh in zip(pictures, (opened, shut), strict=True)
    ]
    sharpness = np.mean(np.sqrt(np.array(energies[1]) / energies[0]))
    plain, painted = (
        np.array(Image.open(out / f"{name}-shut{kind}.png")) for kind in ("", "-painted")
    )
    return {
        "open_gap": np.mean(before),
        "gap": painted_gap(painted, plain, opened, unit),
        "gap_seen": np.mean(after),
        "height_seen": np.mean([lid_height(shut, eye, unit) for eye in (0, 1)]),
        "sharpness": sharpness,
    }


def run(
    folder: str, out: str, meshes: str | None = None, device: str = "cpu", dtype: str = "float32"
) -> dict:
    """Write the frames, or measure them if their meshes are given.

    Raises `MoDAError` if no portrait with open eyes is among the meshes.
    """
    paths = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES)
    if meshes is None:
        write_frames([Path(PORTRAIT), *paths], Path(out))
        return {"portraits": len(paths) + 1}
    meshes_by_file = json.loads(Path(meshes).read_text(encoding="utf-8"))
    found = {name: np.array(mesh)[:, :2] for name, mesh in meshes_by_file.items()}
    names = [path.stem for path in (Path(PORTRAIT), *paths)]
    measured = {name: measure_eyes(Path(out), name, found) for name in names}
    used = {name: figures for name, figures in measured.items() if figures}
    if not used:
        raise MoDAError(
            f"No portrait of {out} has open eyes in {meshes}. Write the frames first, then their "
            "meshes by mediapipe_landmarks.py."
        )
    means = {key: np.mean([each[key] for each in used.values()]) for key in RESULTS}
    return {
        "portraits": len(used),
        "left_out": [name for name in names if name not in used],
        "worst_gap": round(max(each["gap"] for each in used.values()), 4),
        **{key: round(float(mean), 4) for key, mean in means.items()},
        "required": REQUIRED,
        "by_portrait": {
            name: {key: round(float(value), 3) for key, value in figures.items()}
            for name, figures in used.items()
        },
    }
