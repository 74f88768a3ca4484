"""Faces and five landmarks of each from the YuNet detector; experimental.

The network is kornia's, the weights are a file of the user's. Anchors and decoding follow
libfacedetection. Tested on synthetic weights only.
"""

from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import InputFileError
from ..weights.checkpoint import cast_floats, load_strict, read_checkpoint
from .face_box import FaceBox
from .landmarks import FaceLandmarks, face_axes

LONGER_SIDE = 320  # of the network's input, in which faces from about 10 to 256 pixels are found
STRIDES = (8, 16, 32, 64)  # of the four maps, in pixels
ANCHOR_SIZES = ((10, 16, 24), (32, 48), (64, 96), (128, 192, 256))  # pixels, one set for each map
CENTER_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
NUM_VALUES = 14  # of a face: its box, then five points
LOWEST_SCORE = 0.5
LARGEST_OVERLAP = 0.3  # of two faces, as intersection over union
MAX_FACES = 100  # the most confident ones, before overlaps are removed


def load_yunet(path: Path) -> "YuNet":
    """Load the detector from a weights file.

    Parameters
    ----------
    path : Path
        `yunet.pth` or `yunet.safetensors`, as written by kornia or libfacedetection.

    Raises
    ------
    InputFileError
        If the file is damaged, holds other weights, or kornia isn't installed.
    """
    network = yunet_network()
    state = cast_floats(read_checkpoint(path), torch.float32)
    load_strict(network, state, str(path))
    broken = [key for key, tensor in state.items() if not tensor.isfinite().all()]
    if broken:
        raise InputFileError(
            f"{path}: {broken[0]} holds NaN or infinite values. Download the file again."
        )
    return YuNet(network)


def yunet_network() -> nn.Module:
    """Return the network without weights, on the meta device."""
    try:
        # Available here in old and new versions; kornia's detector class would download weights.
        from kornia.contrib.face_detection import YuNet as Network
    except ImportError as error:
        raise InputFileError(
            f"The YuNet face detector needs kornia, which can't be imported ({error}). Install "
            "kornia, or remove yunet's file from the model folder to use the built-in detector."
        ) from error
    with torch.device("meta"):
        return Network("test", pretrained=False).eval()


class YuNet:
    """Finds faces with a network.

    Parameters
    ----------
    network : nn.Module
        Maps pictures (1, 3, H, W), BGR in [0, 255], to ``loc`` (1, n, 14), ``conf`` (1, n, 2) and
        ``iou`` (1, n, 1), in the order of `anchors`.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    @torch.inference_mode()
    def find(self, image: Tensor) -> list[tuple[FaceBox, FaceLandmarks]]:
        """Find the faces in a picture (H, W, 3), uint8.

        Returns
        -------
        list of (FaceBox, FaceLandmarks)
            Largest first, in pixels of the picture. Score and confidence are the detector's. The
            lips count as closed.
        """
        height, width = image.shape[:2]
        scale = LONGER_SIDE / max(height, width)
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        pixels = rearrange(image, "h w c -> 1 c h w").flip(1).float()  # BGR
        pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        # Whole cells of the coarsest map.
        pixels = F.pad(pixels, (0, -size[1] % STRIDES[-1], 0, -size[0] % STRIDES[-1]))
        output = self.network(pixels)
        faces, scores = decode(
            output["loc"][0], output["conf"][0], output["iou"][0], anchors(*pixels.shape[2:])
        )
        faces = faces * torch.tensor([width / size[1], height / size[0]]).repeat(NUM_VALUES // 2)
        kept = suppress(faces, scores)
        found = [_face(faces[i].double().numpy(), float(scores[i])) for i in kept]
        return sorted(found, key=lambda face: -face[0].size)


def anchors(height: int, width: int) -> Tensor:
    """Return the boxes (n, 3), centre x, y and side in pixels, that the outputs are relative to.

    Map by map, row by row, cell by cell, size by size; `height` and `width` are multiples of 64.
    """
    rows = []
    for stride, sizes in zip(STRIDES, ANCHOR_SIZES, strict=True):
        y = (torch.arange(height // stride) + 0.5) * stride
        x = (torch.arange(width // stride) + 0.5) * stride
        y, x, side = torch.meshgrid(y, x, torch.tensor(sizes, dtype=torch.float32), indexing="ij")
        rows.append(torch.stack([x, y, side], dim=-1).flatten(0, 2))
    return torch.cat(rows)


def decode(loc: Tensor, conf: Tensor, iou: Tensor, anchor: Tensor) -> tuple[Tensor, Tensor]:
    """Decode the network's outputs to faces (n, 14) and scores (n,) in [0, 1].

    Parameters
    ----------
    loc : Tensor, shape (n, 14)
        Box centre and log size, then five points, relative to the anchors.
    conf : Tensor, shape (n, 2)
        Probabilities of no face and of a face.
    iou : Tensor, shape (n, 1)
        Expected overlap of the box with the face.
    anchor : Tensor, shape (n, 3)

    Returns
    -------
    faces : Tensor, shape (n, 14)
        Left, top, right and bottom of the box, then x, y of the left and right eye, the nose, and
        the left and right mouth corner, in pixels of the network's input.
    """
    center, side = anchor[:, :2], anchor[:, 2:]
    middle = center + loc[:, :2] * CENTER_VARIANCE * side
    half = side * torch.exp(loc[:, 2:4] * SIZE_VARIANCE) / 2
    offsets = rearrange(loc[:, 4:], "n (k c) -> n k c", c=2) * CENTER_VARIANCE
    points = center[:, None] + offsets * side[:, None]
    faces = torch.cat([middle - half, middle + half, points.flatten(1)], dim=1)
    return faces, (conf[:, 1] * iou[:, 0].clamp(0, 1)).sqrt()


def suppress(faces: Tensor, scores: Tensor) -> list[int]:
    """Return the indices of the confident faces (n, 14) that overlap no better one, best first."""
    order = scores.argsort(descending=True)[:MAX_FACES]
    kept: list[int] = []
    for index in order[scores[order] >= LOWEST_SCORE].tolist():
        if all(_overlap(faces[index], faces[other]) <= LARGEST_OVERLAP for other in kept):
            kept.append(index)
    return kept


def _overlap(first: Tensor, second: Tensor) -> float:
    """Return the intersection over union of the boxes of two faces (14,)."""
    shared = torch.minimum(first[2:4], second[2:4]) - torch.maximum(first[:2], second[:2])
    area = float(shared.clamp(min=0).prod())
    union = sum(float((face[2:4] - face[:2]).prod()) for face in (first, second)) - area
    return area / union if union > 0 else 0.0


def _face(values: np.ndarray, score: float) -> tuple[FaceBox, FaceLandmarks]:
    """Convert one face of `decode` (14,) to a box and landmarks."""
    left, top, right, bottom = values[:4]
    left_eye, right_eye, _, left_mouth, right_mouth = values[4:].reshape(5, 2)
    seam = (left_mouth + right_mouth) / 2
    axes = face_axes((left_eye + right_eye) / 2, seam)
    angle_deg = float(np.degrees(np.arctan2(axes[0, 1], axes[0, 0])))
    center = float(left + right) / 2, float(top + bottom) / 2
    box = FaceBox(*center, float(max(right - left, bottom - top)), angle_deg, score)
    return box, FaceLandmarks(
        left_eye, right_eye, left_mouth, right_mouth, seam, seam, confidence=score
    )
