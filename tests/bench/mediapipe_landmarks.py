"""Write the meshes of portraits, found by mediapipe, as JSON for `bench faces` or `turn-seen`.

A stand-alone script for an environment of its own, because mediapipe's requirements do not go
together with the pack's and nothing of the pack may depend on it::

    python3.11 -m venv ENV
    ENV/bin/pip install mediapipe==0.10.14 Pillow
    ENV/bin/python tests/bench/mediapipe_landmarks.py meshes.json FOLDER moda_core/example

That release carries its models in the wheel, so nothing else is downloaded. A mesh is 478 points
x, y, z in pixels, z smaller towards the viewer, the centre of the first pixel at (0.5, 0.5). Only
the largest face of a picture is written; a picture without one is named on the console and left
out.
"""

import argparse
import json
import sys
from pathlib import Path

import mediapipe
import numpy as np
from PIL import Image, ImageOps

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
CROP_MARGIN = 0.6  # of the mesh's size, on each side, for the second look


def find_mesh(finder, image: np.ndarray) -> np.ndarray | None:
    """Return the mesh (478, 3) of the largest face of an RGB picture in pixels, or None."""
    height, width = image.shape[:2]
    faces = finder.process(np.ascontiguousarray(image)).multi_face_landmarks or []
    meshes = [np.array([(p.x, p.y, p.z) for p in face.landmark]) for face in faces]
    meshes = [mesh * (width, height, width) for mesh in meshes]
    return max(meshes, key=lambda mesh: np.ptp(mesh[:, :2], axis=0).prod(), default=None)


def find_mesh_twice(finder, image: np.ndarray) -> np.ndarray | None:
    """Find the largest face, then again in a crop around it, where small faces come out better."""
    mesh = find_mesh(finder, image)
    if mesh is None:
        return None
    flat = mesh[:, :2]
    margin = CROP_MARGIN * np.ptp(flat, axis=0).max()
    left, top = np.maximum(flat.min(axis=0) - margin, 0).astype(int)
    right, bottom = (flat.max(axis=0) + margin).astype(int)
    closer = find_mesh(finder, image[top:bottom, left:right])
    return mesh if closer is None else closer + np.array([left, top, 0])


def main() -> None:
    """Write the meshes of all pictures of some folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="JSON to write")
    parser.add_argument("folders", type=Path, nargs="+", help="portraits")
    arguments = parser.parse_args()
    finder = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True,
        max_num_faces=5,
        refine_landmarks=True,
        min_detection_confidence=0.3,
    )
    meshes = {}
    for path in sorted(path for folder in arguments.folders for path in folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        mesh = find_mesh_twice(
            finder, np.array(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
        )
        if mesh is None:
            sys.stderr.write(f"{path.name}: no face\n")
        else:
            meshes[path.name] = mesh.round(2).tolist()
    arguments.output.write_text(json.dumps(meshes), encoding="utf-8")


if __name__ == "__main__":
    main()
