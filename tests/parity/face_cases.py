"""Golden cases of the face networks: raw outputs of LiteRT and MediaPipe."""

import numpy as np
import torch

from moda_core.face.networks import face_network

from .statements import slices

Arrays = dict[str, np.ndarray]


def face_networks(case: dict, golden: Arrays) -> Arrays:
    """Return the arrays of faces.npz."""
    pixels = torch.from_numpy(golden["pictures"]).permute(0, 3, 1, 2)
    margin = (pixels.shape[-1] - case["short_range_side"]) // 2
    middles = pixels[..., margin:-margin, margin:-margin]
    computed = {}
    for name, views in (("short_range", middles), ("full_range", pixels)):
        outputs = face_network(name)(views / 127.5 - 1)
        computed |= {f"{name}_values": outputs[0].numpy(), f"{name}_logits": outputs[1].numpy()}
    points, logits = face_network("attention_mesh")(pixels / 255)
    stored = {name: computed[name][index] for name, index in slices(case["subsample"])}
    return computed | stored | {"mesh_points": points.numpy(), "mesh_logits": logits.numpy()}
