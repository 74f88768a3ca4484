"""Write the mean mesh, onto which points given by the user are fitted.

`python -m tests.face_networks.mean_mesh OUT.safetensors PICTURE...`: portraits that look ahead. The
mean of their meshes and mirrored meshes in the face frame (origin between the eyes, unit the eye
distance, x along the eyes), with closed lips.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from scipy.optimize import linear_sum_assignment

from moda_core.face.find_faces import find_faces
from moda_core.face.mesh_points import INNER_LIPS, LEFT_IRIS, RIGHT_IRIS
from moda_core.portrait.image import read_image

LARGEST_TURN = 0.15  # eye distances from the nose to the middle of the face, of portraits used
LARGEST_GAP = 0.06  # of the lips, likewise
NOSE_TIP, LEFT_EAR, RIGHT_EAR = 1, 234, 454


def in_face_frame(mesh: np.ndarray) -> np.ndarray:
    """Return a mesh (478, 3) in eye distances, upright, around the middle of the eyes."""
    left, right = mesh[LEFT_IRIS[0]], mesh[RIGHT_IRIS[0]]
    along = (right - left)[:2]
    turn = np.array([[along[0], -along[1]], [along[1], along[0]]]) / (along @ along)
    centered = mesh - (left + right) / 2
    return np.concatenate([centered[:, :2] @ turn, centered[:, 2:] / np.hypot(*along)], 1)


def mirror_order(mean: np.ndarray) -> np.ndarray:
    """Return the index (478,) of each point's mirror image: the assignment of least distance."""
    mirrored = mean * (-1, 1, 1)
    return linear_sum_assignment(np.linalg.norm(mirrored[:, None] - mean[None], axis=2) ** 2)[1]


def closed_lips(mesh: np.ndarray) -> np.ndarray:
    """Return a mesh whose inner lips meet in the middle between them."""
    mesh = mesh.copy()
    lower, upper = INNER_LIPS[1:10], INNER_LIPS[11:][::-1]
    mesh[lower] = mesh[upper] = (mesh[lower] + mesh[upper]) / 2
    return mesh


def main(out: str, pictures: list[str]) -> None:
    """Find, select, average and write; name what was used."""
    meshes, all_meshes = [], []
    for path in pictures:
        mesh = in_face_frame(find_faces(read_image(Path(path)))[0].mesh)
        turn = abs(mesh[NOSE_TIP, 0] - (mesh[LEFT_EAR, 0] + mesh[RIGHT_EAR, 0]) / 2)
        gap = mesh[14, 1] - mesh[13, 1]
        used = turn < LARGEST_TURN and gap < LARGEST_GAP
        sys.stdout.write(f"{path}: turn {turn:.2f}, gap {gap:.2f}{'' if used else ', left out'}\n")
        meshes += [mesh] if used else []
        all_meshes.append(mesh)
    order = mirror_order(np.mean(all_meshes, axis=0))  # where lips are open, they are told apart
    if (order[order] != np.arange(len(order))).any():
        raise SystemExit("A point is not the mirror image of its own: use more portraits.")
    mean = np.mean(meshes, axis=0)
    mean = closed_lips((mean + mean[order] * (-1, 1, 1)) / 2)
    save_file({"mesh": torch.from_numpy(mean).half()}, out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
