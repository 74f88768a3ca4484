"""Golden cases of the motion model: scheduler, transformer, sampling, and the helpers of spec E."""

import numpy as np
import torch

from moda_core.mmdit.config import RELEASED, MMDiTConfig
from moda_core.mmdit.embedders import timestep_features
from moda_core.mmdit.model import MotionMMDiT
from moda_core.mmdit.released_keys import convert_mmdit
from moda_core.mmdit.rope import rope_tables
from moda_core.motion.keypoints import (
    head_pose_degrees,
    refine_motion_info,
    rotation_matrix,
    transform_keypoints,
)
from moda_core.motion.motion import (
    modulate_lips,
    motion_info,
    previous_motion,
    released_stats,
    smooth_pose,
)
from moda_core.runtime.layers import Layers
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.flow import (
    euler_step,
    noise_levels,
    predict_clean,
    timesteps,
    training_sigmas,
)
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion
from moda_core.sampling.window import WindowSampler
from moda_core.sampling.window_plan import OVERLAP, cross_fade, window_audio
from moda_core.weights.checkpoint import load_strict

from .media_cases import reduced_picture, size_limits
from .synthetic_weights import described, motion_checkpoint, normal

TINY = MMDiTConfig(
    width=64,
    num_heads=4,
    num_four_stream=3,
    num_double_stream=6,
    num_single_stream=12,
    audio_layers=12,
    audio_width=768,
)

Arrays = dict[str, np.ndarray]


def scheduler(case: dict, golden: Arrays) -> Arrays:
    """Timesteps, noise levels and one Euler trajectory for each number of steps."""
    computed = {"sigmas_table": training_sigmas()}
    for num_steps in sorted({int(name[1:].split("_")[0]) for name in golden if name[0] == "N"}):
        sigma, sigma_next = noise_levels(num_steps)
        x = described(case["x_init"])
        trajectory, clean = [x], []
        for step in range(num_steps):
            velocity = torch.sin(1.7 * x) + 0.1 * step
            clean.append(predict_clean(x, velocity, sigma[step]))
            x = euler_step(x, velocity, sigma[step], sigma_next[step])
            trajectory.append(x)
        computed |= {
            f"N{num_steps}_timesteps": timesteps(num_steps),
            f"N{num_steps}_sigma": sigma,
            f"N{num_steps}_sigma_prev": sigma_next,
            f"N{num_steps}_dt": sigma_next - sigma,
            f"N{num_steps}_traj": torch.stack(trajectory),
            f"N{num_steps}_pred_x0": torch.stack(clean),
        }
    return computed


def build(config: MMDiTConfig, manifest: str, salt: str) -> tuple[MotionMMDiT, torch.Tensor]:
    """Return the network and the null audio vector with synthetic weights."""
    state = motion_checkpoint(manifest, salt)
    network = MotionMMDiT(config, Layers(device="meta"))
    load_strict(network, convert_mmdit(state, config), "the synthetic checkpoint")
    null_audio = state.get("null_audio_feat")
    return network.eval(), None if null_audio is None else null_audio.flatten()


def forward(network: MotionMMDiT, case: dict) -> torch.Tensor:
    """Call the network on the inputs that a case describes."""
    return network(
        described(case["motion"]),
        torch.tensor(case["times"]),
        described(case["audio"]),
        described(case["ref_kp"])[:, 0],
        torch.eye(9)[case["emo"]],
    )


def intermediates(network: MotionMMDiT, case: dict, name: str) -> Arrays:
    """Return the embeddings and the motion stream after some blocks, under their golden names."""
    caught = {}

    def catch(key, pick=lambda output: output):
        return lambda module, args, output: caught.update({f"{name}_mid_{key}": pick(output)})

    first = lambda streams: streams[0]  # noqa: E731
    hooks = [
        network.motion_embedder.register_forward_hook(catch("motion")),
        network.identity_embedder.register_forward_hook(catch("identity")),
        network.time_embedder.register_forward_hook(catch("time")),
        network.emotion_embedder.register_forward_hook(catch("emo")),
        network.audio_embedder.register_forward_hook(catch("audio", lambda x: x[:, :, None])),
        network.four_stream_blocks[0].register_forward_hook(catch("four0_x", first)),
        network.four_stream_blocks[-1].register_forward_hook(catch("four2_x", first)),
        network.double_stream_blocks[0].register_forward_hook(catch("double0_x", first)),
        network.double_stream_blocks[-1].register_forward_hook(catch("double5_x", first)),
        network.single_stream_blocks[0].register_forward_hook(catch("single0_x")),
        network.single_stream_blocks[-1].register_forward_hook(catch("single11_x")),
    ]
    caught[f"{name}_out"] = forward(network, case)
    for hook in hooks:
        hook.remove()
    return caught


def whole_last_block(network: MotionMMDiT) -> None:
    """Make the last block compute all tokens, which the golden file holds and nothing reads."""
    block = network.single_stream_blocks[-1]
    narrow = block.forward
    block.forward = lambda tokens, modulation, rope, num_read: narrow(
        tokens, modulation, rope, tokens.shape[1]
    )
    final = network.final_layer
    head = final.forward
    final.forward = lambda x, modulation: head(x[:, : x.shape[1] // 4], modulation)


def dit_tiny(case: dict, golden: Arrays) -> Arrays:
    """Outputs of the tiny transformer, and what happens inside it."""
    network, _ = build(TINY, "moda_tiny", case["salt"])
    computed = {f"{name}_out": forward(network, entry) for name, entry in case["cases"].items()}
    whole_last_block(network)
    for name, entry in case["cases"].items():
        if f"{name}_mid_motion" in golden:
            inner = intermediates(network, entry, name)
            computed |= {key: value for key, value in inner.items() if key not in computed}
    cos, sin = rope_tables(37, TINY.head_dim)
    computed |= {"rope_cos_d16_n37": cos, "rope_sin_d16_n37": sin}
    computed["timestep_freq_emb"] = timestep_features(torch.tensor([1000, 889, 1, 0.5]))
    return computed


def dit_base(case: dict, golden: Arrays) -> Arrays:
    """One output of the full-size transformer."""
    network, _ = build(RELEASED, "moda_base", case["salt"])
    return {"out": forward(network, case)}


def sample_tiny(case: dict, golden: Arrays) -> Arrays:
    """Whole clips from the tiny transformer, and one window of it."""
    network, null_audio = build(TINY, "moda_tiny", case["salt"])
    identity = torch.from_numpy(golden["ref_kp"])[0]
    previous = torch.from_numpy(golden["prev_motion"])
    noise = torch.from_numpy(golden["noise"])[:, None]
    computed = {"null_audio_feat": null_audio.reshape(golden["null_audio_feat"].shape)}
    for name, entry in case["cases"].items():
        threshold = entry["dynamic_threshold"]
        options = SamplingOptions(
            num_steps=entry["steps"],
            cfg_scale=entry["cfg_scale"],
            pad_mode=entry["audio_pad_mode"],
            dynamic_threshold=threshold and tuple(threshold),
        )
        features, emotion = described(entry["audio"]), torch.eye(9)[entry["emo"]]
        curve = EmotionCurve.constant(emotion)
        conditions = Conditions(features, identity, previous, curve, noise=noise)
        computed[name] = sample_motion(network, null_audio, conditions, options)
        if f"subclip_{name}_raw" in golden:
            sampler = WindowSampler(network, null_audio, conditions, options)
            frames = window_audio(features, 0, 1, options.pad_mode)
            raw = sampler.sample(frames, previous, noise[0], on_step=lambda: None)
            computed[f"subclip_{name}_raw"] = raw
            computed[f"subclip_{name}_smoothed"] = smooth_pose(raw)
    return computed


def helpers(case: dict, golden: Arrays) -> Arrays:
    """What belongs to sections C to E of the specification, and the sizes of section G."""
    seeds, stats = case["seeds"], released_stats()
    info = {key[5:]: torch.from_numpy(golden[key]) for key in golden if key.startswith("info_")}
    refined = refine_motion_info(info)
    previous, rescale_ratio = previous_motion(refined, stats)
    motion = torch.from_numpy(golden["motion_in"])
    sequence = motion_info(stats.denormalize(motion), rescale_ratio)
    angles = normal(seeds["rotmat"], (6, 3), 25)
    fuse = case["fuse"]
    before, after = (normal(fuse[key], fuse["shape"]) for key in ("prev", "cur"))
    return {
        "headpose_bins_out": head_pose_degrees(normal(seeds["headpose_bins"], (5, 66), 2)),
        "headpose_scalar_out": head_pose_degrees(normal(seeds["headpose_scalar"], (5, 1), 10)),
        "rotmat": rotation_matrix(*angles.unbind(1)),
        **{f"refined_{key}": refined[key] for key in ("kp", "exp", "pitch", "yaw", "roll")},
        "transform_keypoint": transform_keypoints(refined),
        "prev_motion": previous,
        "rescale_ratio": rescale_ratio,
        **{
            f"seq_{key}": sequence[key].reshape(golden[f"seq_{key}"].shape)
            for key in ("exp", "scale", "t", "pitch", "yaw", "roll")
        },
        "modulate_lip_addframes10": modulate_lips(motion, 10),
        "modulate_lip_fixedstd": modulate_lips(motion, 10, reference_index=3),
        "smooth_out": smooth_pose(described(case["smooth_in"])),
        "resize_out_1920_2": size_limits(golden),
        "resize_img_sub": reduced_picture(case["resize_img"]),
        "fuse_out_last16": cross_fade(before, after)[:, -after.shape[1] :][:, :OVERLAP],
    }
