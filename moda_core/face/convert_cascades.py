"""Convert OpenCV's Haar cascade files to the data file that `haar_cascade` reads.

Run by hand when the cascades change, never at run time::

    pip download opencv-python-headless==4.12.0.88 --no-deps   # the wheel holds cv2/data/*.xml
    python -m moda_core.face.convert_cascades FOLDER_WITH_XML

The XML files are used as published; `haar_cascades.LICENSE.txt` has their licences.
"""

import argparse
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from .haar_cascade import CASCADE_FILE, CASCADES

MAX_RECTANGLES = 3


def read_cascade(path: Path) -> dict[str, np.ndarray]:
    """Read a cascade of Haar features in OpenCV's format of 2.4 and later.

    Returns ``window`` (2,) width and height; ``stage_trees`` (S,) and ``stage_threshold`` (S,);
    ``tree_nodes`` (T,); ``node_child`` (M, 2), ``node_feature`` (M,), ``node_threshold`` (M,);
    ``leaf`` (L,); ``rectangle`` (F, 3, 4) x, y, width, height; ``weight`` (F, 3); ``tilted`` (F,).
    """
    cascade = ElementTree.parse(path).getroot()[0]
    stages = list(cascade.find("stages"))
    trees = [tree for stage in stages for tree in stage.find("weakClassifiers")]
    nodes = [np.array(_numbers(tree, "internalNodes")).reshape(-1, 4) for tree in trees]
    node = np.concatenate(nodes)
    return {
        "window": np.array([int(cascade.findtext(side)) for side in ("width", "height")], np.int16),
        "stage_trees": np.array([len(stage.find("weakClassifiers")) for stage in stages], np.int16),
        "stage_threshold": np.array(
            [float(stage.findtext("stageThreshold")) for stage in stages], np.float32
        ),
        "tree_nodes": np.array([len(rows) for rows in nodes], np.int8),
        "node_child": node[:, :2].astype(np.int8),
        "node_feature": node[:, 2].astype(np.int16),
        "node_threshold": node[:, 3].astype(np.float32),
        "leaf": np.concatenate([_numbers(tree, "leafValues") for tree in trees]).astype(np.float32),
        **_read_features(list(cascade.find("features"))),
    }


def _read_features(features: list[ElementTree.Element]) -> dict[str, np.ndarray]:
    rectangle = np.zeros((len(features), MAX_RECTANGLES, 5), np.float32)
    for index, feature in enumerate(features):
        for place, text in enumerate(feature.find("rects")):
            rectangle[index, place] = [float(value) for value in text.text.split()]
    return {
        "rectangle": rectangle[..., :4].astype(np.int8),
        "weight": rectangle[..., 4],
        "tilted": np.array([int(feature.findtext("tilted") or 0) for feature in features], bool),
    }


def _numbers(parent: ElementTree.Element, name: str) -> list[float]:
    return [float(value) for value in parent.findtext(name).split()]


def convert(folder: Path) -> None:
    """Write the arrays of all `CASCADES` found in `folder` to `CASCADE_FILE`."""
    arrays = {}
    for name, file_name in CASCADES.items():
        for key, value in read_cascade(folder / file_name).items():
            arrays[f"{name}.{key}"] = value
    np.savez_compressed(CASCADE_FILE, **arrays)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with OpenCV's haarcascade_*.xml")
    convert(parser.parse_args().folder)
