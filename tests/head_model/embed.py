"""Find where the landmarks lie on the head, by looking at pictures of it with the mesh network.

The head is painted, in several shapes and views. What the network sees is cast onto the surface;
the median over pictures counts. Opened jaws tell the lips from each other.
"""

import numpy as np
import torch
from scipy.spatial import cKDTree

from moda_core.face.find_faces import find_faces
from moda_core.face.mesh_points import LIPS_REGION, NUM_SURFACE_POINTS
from moda_core.head.rasterize import rasterize
from tests.bench.synthetic_heads import (
    BODY,
    SIZE,
    SKINS,
    HeadMesh,
    SyntheticHead,
    aligned,
    project,
)

VIEWS = (
    ("yaw", 0),
    ("yaw", -12),
    ("yaw", 12),
    ("pitch", 8),
    ("pitch", -8),
    ("yaw", -25),
    ("yaw", 25),
)
SHAPE_SPREAD, JAW = 0.25, 0.3
IN_FRONT, LIPS_IN_FRONT = 0.1, 1.2  # depths in decimetres, in front of the pocket behind the lips
FARTHEST = 4  # pixels from a landmark to the surface
TENTHS = np.array([(i, j, 10 - i - j) for i in range(11) for j in range(11 - i)])


def embed_landmarks(
    mesh: HeadMesh, mean: np.ndarray, shapes: np.ndarray, jaw: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices (468, 3) around each landmark, and their weights in tenths.

    `mean` (V, 3) and `shapes` (K, V, 3) are those of the head, `jaw` (V, 3) opens it.
    """
    vertices, weights = _look(mesh, mean, shapes, IN_FRONT)
    lip_vertices, lip_weights = _look(mesh, mean + JAW * jaw, shapes, LIPS_IN_FRONT)
    vertices[LIPS_REGION] = lip_vertices[LIPS_REGION]
    weights[LIPS_REGION] = lip_weights[LIPS_REGION]
    return vertices, weights


def _look(
    mesh: HeadMesh, mean: np.ndarray, shapes: np.ndarray, least_depth: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the places on the skin at which the network sees the landmarks."""
    front = (mesh.parts == BODY) & (mean[mesh.triangles, 2].min(axis=1) > least_depth)
    random, places = np.random.default_rng(0), []
    for number, view in enumerate(VIEWS * 2):
        shape = random.normal(size=len(shapes)) * (SHAPE_SPREAD if number else 0.0)
        points = aligned(mesh, mean + np.einsum("k,kvc->vc", shape, shapes))
        head = SyntheticHead("", mesh, points, np.array(SKINS[0]), 0.0)
        turned = head.turned(*view)
        index, weights = rasterize(project(turned), turned[:, 2], mesh.triangles, (SIZE, SIZE))
        rows, columns = ((index >= 0) & front[index]).nonzero()
        seen = find_faces(torch.from_numpy(head.picture(*view)))[0].mesh[:NUM_SURFACE_POINTS, :2]
        away, near = cKDTree(np.stack([columns, rows], axis=1) + 0.5).query(seen)
        cell = rows[near], columns[near]
        place = (mean[mesh.triangles[index[cell]]] * weights[cell][..., None]).sum(axis=1)
        place[away > FARTHEST] = np.nan
        places.append(place)
    triangles = mesh.triangles[front]
    cloud = np.einsum("bk,tkc->tbc", TENTHS / 10, mean[triangles])
    away, near = cKDTree(cloud.reshape(-1, 3)).query(np.nanmedian(places, axis=0))
    print(f"landmarks are up to {away.max():.3f} dm beside the surface")
    return triangles[near // len(TENTHS)], TENTHS[near % len(TENTHS)]
