"""Golden cases of the motion model: scheduler, transformer, sampling, and the helpers of spec E."""

from dataclasses import replace

import numpy as np
import torch

from moda_core.mmdit.config import RELEASED, MMDiTConfig
from moda_core.mmdit.embedders import timestep_features
from moda_core.mmdit.model import MotionMMDiT
from moda_core.mmdit.released_keys import convert_mmdit
from moda_core.mmdit.rope import rope_tables
from moda_core.motion.keypoints import (
    NUM_POSE_BINS,
    head_pose_degrees,
    refine_motion_info,
    rotation_matrix,
    transform_keypoints,
)
from moda_core.motion.motion import (
    MOTION_DIM,
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
    NUM_TRAIN_STEPS,
    euler_step,
    noise_levels,
    predict_clean,
    timesteps,
)
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion
from moda_core.sampling.window import WindowSampler
from moda_core.sampling.window_plan import WINDOW, cross_fade, window_audio
from moda_core.weights.checkpoint import load_strict

from .media_cases import reduced_picture, size_limits
from .statements import in_names, noise_seed, stated
from .synthetic_weights import (
    described,
    motion_checkpoint,
    normal,
    read_manifest,
    synthetic_state,
)

# Of the stored list of keys. Only dit_tiny states the sizes of its network.
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
# `cases.json` does not state these: times of timestep_freq_emb; scales of the pose predictions; and
# the frame that modulate_lip_fixedstd takes as closed lips.
FEATURE_TIMES = (1000, 889, 1, 0.5)
BINS_SCALE, SCALAR_SCALE = 2, 10
CLOSED_LIPS = 3
NOISE_ROUNDING = 1e-5  # torch's normals differ between instruction sets by up to 2e-6
NAMED = "T{}_cfg{}_emo{}"


def scheduler(case: dict, golden: Arrays) -> Arrays:
    """Timesteps, noise levels and one Euler trajectory for each number of steps."""
    computed = {"sigmas_table": noise_levels(NUM_TRAIN_STEPS)[0].flip(0)}
    slope, drift = stated("sin({}*x_i) + {}*i", case["velocity"])
    for [num_steps] in in_names("N{}_timesteps", golden).values():
        sigma, sigma_next = noise_levels(num_steps)
        x = described(case["x_init"])
        trajectory, clean = [x], []
        for step in range(num_steps):
            velocity = torch.sin(slope * x) + drift * step
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


def stated_config(text: str) -> MMDiTConfig:
    """Return the tiny configuration with the sizes that a text states."""
    width, num_heads = stated("hidden {}, heads {}", text)
    return replace(TINY, width=width, num_heads=num_heads)


def tiny_shapes(config: MMDiTConfig) -> dict[str, list[int]]:
    """Return the tiny checkpoint's keys, with their shapes in a network of another width."""
    tiny, base = read_manifest("moda_tiny"), read_manifest("moda_base")

    def scaled(shape: list[int], other: list[int]) -> list[int]:
        if shape == [TINY.head_dim]:
            return [config.head_dim]
        return [
            size if size == size_in_base else size * config.width // TINY.width
            for size, size_in_base in zip(shape, other, strict=True)
        ]

    return {key: scaled(shape, base.get(key, shape)) for key, shape in tiny.items()}


def build(config: MMDiTConfig, manifest: str, salt: str) -> tuple[MotionMMDiT, torch.Tensor]:
    """Return the network and the null audio vector with synthetic weights."""
    return assemble(config, motion_checkpoint(manifest, salt))


def assemble(config: MMDiTConfig, state: dict) -> tuple[MotionMMDiT, torch.Tensor]:
    """Return the network and the null audio vector of a released state."""
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


def intermediates(network: MotionMMDiT, case: dict, name: str, golden: Arrays) -> Arrays:
    """Return the embeddings and the stream after each stored block, by their golden names."""
    caught = {}

    def whole(output):
        return output

    def first(streams):
        return streams[0]

    def catch(key, pick=whole):
        return lambda module, args, output: caught.update({f"{name}_mid_{key}": pick(output)})

    hooks = [
        network.motion_embedder.register_forward_hook(catch("motion")),
        network.identity_embedder.register_forward_hook(catch("identity")),
        network.time_embedder.register_forward_hook(catch("time")),
        network.emotion_embedder.register_forward_hook(catch("emo")),
        network.audio_embedder.register_forward_hook(catch("audio", lambda x: x[:, :, None])),
    ]
    for kind, blocks, pick in (
        ("four", network.four_stream_blocks, first),
        ("double", network.double_stream_blocks, first),
        ("single", network.single_stream_blocks, whole),
    ):
        for [number] in in_names(f"{name}_mid_{kind}{{}}_x", golden).values():
            hook = blocks[number].register_forward_hook(catch(f"{kind}{number}_x", pick))
            hooks.append(hook)
    caught[f"{name}_out"] = forward(network, case)
    for hook in hooks:
        hook.remove()
    return caught


def whole_last_block(network: MotionMMDiT) -> None:
    """Make the last block compute all tokens, which the golden file holds and nothing reads."""
    block = network.single_stream_blocks[-1]
    narrow = block.forward
    block.forward = lambda tokens, modulation, rope, num_read, perturbation: narrow(
        tokens, modulation, rope, tokens.shape[1], perturbation
    )
    final = network.final_layer
    head = final.forward
    final.forward = lambda x, modulation: head(x[:, : x.shape[1] // 4], modulation)


def dit_tiny(case: dict, golden: Arrays) -> Arrays:
    """Outputs of the tiny transformer, and what happens inside it."""
    config = stated_config(case["model"])
    network, _ = assemble(config, synthetic_state(tiny_shapes(config), case["salt"]))
    computed = {f"{name}_out": forward(network, entry) for name, entry in case["cases"].items()}
    whole_last_block(network)
    for name, entry in case["cases"].items():
        if any(key.startswith(f"{name}_mid_") for key in golden):
            inner = intermediates(network, entry, name, golden)
            computed |= {key: value for key, value in inner.items() if key not in computed}
    for which, kind in enumerate(("cos", "sin")):
        for key, (head_dim, num_tokens) in in_names(f"rope_{kind}_d{{}}_n{{}}", golden).items():
            computed[key] = rope_tables(num_tokens, head_dim)[which]
    computed["timestep_freq_emb"] = timestep_features(torch.tensor(FEATURE_TIMES))
    return computed


def dit_base(case: dict, golden: Arrays) -> Arrays:
    """One output of the full-size transformer."""
    network, _ = build(RELEASED, "moda_base", case["salt"])
    return {"out": forward(network, case)}


def stated_noise(text: str, num_windows: int, stored: np.ndarray | None = None) -> torch.Tensor:
    """Return the noise that a text names by its seed, one draw for each window.

    Parameters
    ----------
    text : str
        Such as ``torch.manual_seed(0)``.
    num_windows : int
    stored : array, shape (num_windows, 80, 70), optional
        Taken instead where it is the same but for rounding.

    Returns
    -------
    Tensor, shape (num_windows, 1, 80, 70)
    """
    generator = torch.Generator().manual_seed(noise_seed(text))
    drawn = [torch.randn(1, WINDOW, MOTION_DIM, generator=generator) for _ in range(num_windows)]
    noise = torch.stack(drawn)
    if stored is not None and np.allclose(noise[:, 0], stored, rtol=0, atol=NOISE_ROUNDING):
        return torch.from_numpy(stored)[:, None]
    return noise


def sampling_options(entry: dict) -> SamplingOptions:
    """Return how a clip is sampled that an entry of `cases.json` describes."""
    threshold = entry["dynamic_threshold"]
    return SamplingOptions(
        num_steps=entry["steps"],
        cfg_scale=entry["cfg_scale"],
        pad_mode=entry["audio_pad_mode"],
        dynamic_threshold=threshold and tuple(threshold),
    )


def named_entry(name: str, cases: dict) -> dict | None:
    """Return the entry of a clip by its name, which describes one that has no entry.

    ``T80_cfg1.2_emo4`` has 80 frames, guidance 1.2 and emotion 4. What such a name leaves out is
    that of the other clips with such names, else the reference's default; its sound is that of a
    clip of the same length, else its seed is as far from the length as those of all clips are.

    Returns
    -------
    dict or None
        None where neither an entry nor the name describes it.
    """
    if name in cases:
        return cases[name]
    numbers = in_names(NAMED, [name]).get(name)
    sounds = {entry["audio"]["shape"][0]: entry["audio"] for entry in cases.values()}
    distances = {sound["seed"] - length for length, sound in sounds.items()}
    if numbers is None or not (numbers[0] in sounds or len(distances) == 1):
        return None
    length, cfg_scale, emotion = numbers
    layers = next(iter(sounds.values()))["shape"][1:]
    drawn = {"seed": length + min(distances), "shape": [length, *layers]}
    plain = [cases[other] for other in in_names(NAMED, cases)]
    default = {"steps": 10, "audio_pad_mode": "zero", "dynamic_threshold": None}
    return {
        **(plain[0] if plain else default),
        "audio": sounds.get(length, drawn),
        "cfg_scale": cfg_scale,
        "emo": emotion,
    }


def sample_tiny(case: dict, golden: Arrays) -> Arrays:
    """Whole clips from the tiny transformer, and single windows of it."""
    network, null_audio = build(TINY, "moda_tiny", case["salt"])
    previous, ref_kp = described(case["prev_motion"]), described(case["ref_kp"])
    noise = stated_noise(case["noise"], len(golden["noise"]), golden["noise"])
    computed = {
        "noise": noise[:, 0],
        "prev_motion": previous,
        "ref_kp": ref_kp,
        "null_audio_feat": null_audio.reshape(golden["null_audio_feat"].shape),
    }

    def conditions(entry: dict) -> Conditions:
        emotion = EmotionCurve.constant(torch.eye(9)[entry["emo"]])
        return Conditions(described(entry["audio"]), ref_kp[0], previous, emotion, noise=noise)

    for name, entry in case["cases"].items():
        inputs = (conditions(entry), sampling_options(entry))
        computed[name] = sample_motion(network, null_audio, *inputs)
    for name in {key.rpartition("_")[0] for key in golden if key.startswith("subclip_")}:
        entry = named_entry(name.removeprefix("subclip_"), case["cases"])
        if entry is not None:
            asked, options = conditions(entry), sampling_options(entry)
            sampler = WindowSampler(network, null_audio, asked, options)
            frames = window_audio(asked.features, 0, 1, options.pad_mode)
            raw = sampler.sample(frames, previous, noise[0], on_step=lambda: None)
            computed |= {f"{name}_raw": raw, f"{name}_smoothed": smooth_pose(raw)}
    return computed


def helpers(case: dict, golden: Arrays) -> Arrays:
    """What belongs to sections C to E of the specification, and the sizes of section G."""
    seeds, stats = case["seeds"], released_stats()
    info = {key[5:]: torch.from_numpy(golden[key]) for key in golden if key.startswith("info_")}
    refined = refine_motion_info(info)
    previous, rescale_ratio = previous_motion(refined, stats)
    motion = torch.from_numpy(golden["motion_in"])
    sequence = motion_info(stats.denormalize(motion), rescale_ratio)
    *shape, scale = stated("normal(seed,({},{}),{})", case["rotmat"])
    angles = normal(seeds["rotmat"], shape, scale)
    bins = (len(golden["headpose_bins_out"]), NUM_POSE_BINS)
    degrees = golden["headpose_scalar_out"].shape
    fuse = case["fuse"]
    before, after = (normal(fuse[key], fuse["shape"]) for key in ("prev", "cur"))
    return {
        "headpose_bins_out": head_pose_degrees(normal(seeds["headpose_bins"], bins, BINS_SCALE)),
        "headpose_scalar_out": head_pose_degrees(
            normal(seeds["headpose_scalar"], degrees, SCALAR_SCALE)
        ),
        "rotmat": rotation_matrix(*angles.unbind(1)),
        **{f"refined_{key}": refined[key] for key in ("kp", "exp", "pitch", "yaw", "roll")},
        "transform_keypoint": transform_keypoints(refined),
        "prev_motion": previous,
        "rescale_ratio": rescale_ratio,
        **{
            f"seq_{key}": sequence[key].reshape(golden[f"seq_{key}"].shape)
            for key in ("exp", "scale", "t", "pitch", "yaw", "roll")
        },
        **{
            name: modulate_lips(motion, silent_frames)
            for name, (silent_frames,) in in_names("modulate_lip_addframes{}", golden).items()
        },
        "modulate_lip_fixedstd": modulate_lips(motion, 0, reference_index=CLOSED_LIPS),
        "smooth_out": smooth_pose(described(case["smooth_in"])),
        **size_limits(golden),
        "resize_img_sub": reduced_picture(case["resize_img"]),
        **{
            name: cross_fade(before, after, overlap)[:, before.shape[1] - overlap :][:, :overlap]
            for name, (overlap,) in in_names("fuse_out_last{}", golden).items()
        },
    }
