"""Golden cases of the portrait networks (spec F.1 to F.5)."""

import numpy as np
import torch
from torch import Tensor, nn

from moda_core.liveportrait.acceleration import accelerate
from moda_core.liveportrait.networks import NETWORKS
from moda_core.runtime.layers import Layers
from moda_core.weights.checkpoint import load_strict

from .statements import slices, stated
from .synthetic_weights import checkpoint_state, described, image

Arrays = dict[str, np.ndarray]
FACE_SIZE = 256  # of the motion extractor's picture, which `cases.json` does not state
GROUPS = {"stitching": "retarget_shoulder", "lip": "retarget_mouth", "eye": "retarget_eye"}


def build(name: str, salt: str) -> nn.Module:
    """Return a network with synthetic weights, as it computes on a CPU."""
    return accelerate(load_network(name, checkpoint_state(name, salt)))


def load_network(name: str, state: dict[str, Tensor]) -> nn.Module:
    """Return a network with the weights of a released state."""
    make, convert = NETWORKS[name]
    network = make(Layers(device="meta"))
    load_strict(network, convert(copied(state)), "the synthetic checkpoint")
    return network.eval()


def copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return copies of all tensors, which a conversion may change."""
    return {key: tensor.clone() for key, tensor in state.items()}


def as_input(picture: np.ndarray) -> Tensor:
    """Return a picture (H, W, 3), uint8, as the networks want it."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255


def stats(x: Tensor) -> np.ndarray:
    """Return mean, standard deviation, largest size, sum and sum of squares."""
    x = x.double()
    values = (x.mean(), x.std(correction=0), x.abs().max(), x.sum(), x.square().sum())
    return torch.stack(values).numpy()


def appearance(case: dict, golden: Arrays) -> Arrays:
    """Parts of the volume."""
    picture = image(case["seed"], *stated("image(seed,{},{})", case["input"]))
    volume = build("appearance_feature_extractor", case["salt"])(as_input(picture))
    [(_, part)] = slices(case["subsample"])
    channels, depths = golden["f_first"].shape[:2]
    return {
        "image": picture,
        "f_sub": volume[part],
        "f_first": volume[0, :channels, :depths],
        "stats": stats(volume),
    }


def motion_extractor(case: dict, golden: Arrays) -> Arrays:
    """All heads, for one picture and for two, and the pooled features."""
    network = build("motion_extractor", case["salt"])
    face = as_input(image(case["seed"], FACE_SIZE, FACE_SIZE))
    [level] = stated("[image, {}*horizontal flip]", case["batch2"])
    both = torch.cat([face, level * face.flip(3)])
    return {
        **network(face),
        "features": network.features(face),
        **{f"{name}_b2": value for name, value in network(both).items()},
    }


def stitching_network(salt: str) -> nn.Module:
    """Return the network that holds the shoulders, with synthetic weights."""
    return build_group("stitching", checkpoint_state("stitching_retargeting_module", salt))


def build_group(name: str, state: dict[str, Tensor]) -> nn.Module:
    """Return one of the networks on keypoints from the state of all."""
    group = f"{GROUPS[name]}."
    weights = {key.removeprefix(group): state[key] for key in state if key.startswith(group)}
    return load_network(GROUPS[name], weights)


def stitching(case: dict, golden: Arrays) -> Arrays:
    """The three MLPs."""
    state = checkpoint_state("stitching_retargeting_module", case["salt"])
    inputs = {name: described(case["inputs"][name]) for name in GROUPS}
    return {name: build_group(name, state)(inputs[name]) for name in GROUPS}


def warping(case: dict, golden: Arrays) -> Arrays:
    """The warped feature map, and what the dense motion found."""
    network = build("warping_module", case["salt"])
    kp_source = described(case["kp_source"])
    kp_driving = kp_source + described(case["kp_driving"])
    parts = dict(slices(case["subsample"]))
    source = network.prepare(described(case["feature_3d"]), kp_source)
    deformation = network.deformation(source, kp_driving)
    out = network.project(source, deformation)
    return {
        "kp_source": kp_source,
        "kp_driving": kp_driving,
        "deformation_sub": deformation.flow[parts["deformation"]],
        "def_stats": stats(deformation.flow),
        "mask_sub": deformation.mask[parts["mask"]],
        "occlusion_map": deformation.occlusion,
        "occ_stats": stats(deformation.occlusion),
        "out_sub": out[parts["out"]],
        "out_stats": stats(out),
    }


def spade(case: dict, golden: Arrays) -> Arrays:
    """Parts of the generated picture."""
    out = build("spade_generator", case["salt"])(described(case["feature"]))
    (_, whole), (_, patch) = slices(case["subsample"])
    return {
        "out_sub": out[whole],
        "out_patch": out[patch],
        "stats": stats(out),
    }
