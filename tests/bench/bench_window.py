"""One guided window of the full-size transformer, against computing everything at every step.

The naive computation embeds the audio, the identity and the emotion, and projects the AdaLN
parameters, in every step and row, repeats the tokens of identity and emotion from the beginning,
and runs all tokens through the last block. Its RoPE tables are built once. It is timed on the same
matrix products, and on `F.linear`.
"""

import time

import torch
import torch.nn.functional as F

from moda_core.emotion.labels import emotion_weights
from moda_core.mmdit.config import RELEASED
from moda_core.mmdit.linear import CPUOperations, Linear, choose_kernels
from moda_core.mmdit.model import MotionMMDiT
from moda_core.mmdit.released_keys import convert_mmdit
from moda_core.mmdit.rope import rope_tables
from moda_core.runtime.layers import Layers
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.flow import euler_step, noise_levels, timesteps
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.window import WindowSampler
from moda_core.sampling.window_plan import WINDOW, window_audio, window_noise
from moda_core.weights.checkpoint import load_strict
from tests.parity.motion_cases import whole_last_block
from tests.parity.synthetic_weights import motion_checkpoint, normal

from .progress import Progress
from .timing import synchronize

OPTIONS = SamplingOptions()
REPEATS, LONG_REPEATS = 2, 5
STEPS = {
    "ours": "ours",
    "same_products": "naive, same products",
    "plain_products": "naive, plain products",
}
REQUIRED = {"same_products": 1.08, "plain_products": 1.8, "error": 2e-5}


def naive_window(network, null_audio, audio, previous, noise, identity, emotion):
    """Sample a window with nothing computed beforehand; return (1, 80, 70)."""
    rows = torch.stack([null_audio.expand_as(audio), audio])  # unconditional first
    emotions = torch.stack([emotion_weights("none"), emotion]).to(noise)
    identities = identity.expand(2, -1)
    rope = rope_tables(WINDOW, network.config.head_dim, noise.device)
    latents = noise
    steps = timesteps(OPTIONS.num_steps).to(noise)
    for step, sigma, sigma_next in zip(steps, *noise_levels(OPTIONS.num_steps), strict=True):
        motion = torch.cat([previous.expand(2, WINDOW, -1), latents.expand(2, -1, -1)], dim=-1)
        conditions = network.condition_tokens(network.audio_embedder(rows), identities, emotions)
        conditions = [tokens.expand(-1, WINDOW, -1) for tokens in conditions]
        modulations = network.modulations(step.expand(2), emotions)
        uncond, cond = network.velocity(motion, conditions, modulations, rope).split(1)
        guided = uncond + OPTIONS.cfg_scale * (cond - uncond)
        latents = euler_step(latents, guided, sigma, sigma_next)
    return latents


def seconds_of(work, device) -> tuple[float, torch.Tensor]:
    """Return the time and the result of one call."""
    synchronize(device)
    start = time.perf_counter()
    result = work()
    synchronize(device)
    return time.perf_counter() - start, result


def set_kernels(network, kernels) -> None:
    """Give every linear layer its kernel of a list."""
    layers = [layer for layer in network.modules() if isinstance(layer, Linear)]
    for layer, kernel in zip(layers, kernels, strict=True):
        layer.kernel = kernel


@torch.inference_mode()
def run(*, long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. `long` times every window more often."""
    repeats = LONG_REPEATS if long else REPEATS
    progress = Progress("window", 1 + 3 * repeats)
    progress("synthetic weights")
    where = torch.device(device)
    networks = []
    state = motion_checkpoint("moda_base")
    for _ in range(2):  # they share their weights
        network = MotionMMDiT(RELEASED, Layers(CPUOperations, device="meta"))
        load_strict(network, convert_mmdit(dict(state), RELEASED), "the synthetic checkpoint")
        networks.append(network.to(where).eval())
    ours, naive = networks
    if where.type == "cpu":
        choose_kernels(ours)
    chosen = [layer.kernel for layer in ours.modules() if isinstance(layer, Linear)]
    whole_last_block(naive)

    features = normal(1, (WINDOW, 12, 768)).to(where)
    audio = window_audio(features, 0, 1, "zero")
    null_audio, identity = normal(2, (768,)).to(where), normal(3, (63,), 0.2).to(where)
    previous, noise = normal(4, (1, 1, 70)).to(where), window_noise(42, 0).to(where)
    emotion = emotion_weights("happiness")
    inputs = (null_audio, audio, previous, noise, identity, emotion)

    def with_kernels(kernels):
        set_kernels(naive, kernels)
        return naive_window(naive, *inputs)

    conditions = Conditions(features, identity, previous, EmotionCurve.constant(emotion))
    sampler = WindowSampler(ours, null_audio, conditions, OPTIONS)
    works = {
        "ours": lambda: sampler.sample(audio, previous, noise, lambda: None),
        "same_products": lambda: with_kernels(chosen),
        "plain_products": lambda: with_kernels([F.linear] * len(chosen)),
    }
    seconds, results = dict.fromkeys(works, float("inf")), {}
    for _ in range(repeats):
        for name, work in works.items():
            progress(STEPS[name])
            elapsed, results[name] = seconds_of(work, where)
            seconds[name] = min(seconds[name], elapsed)
    return {
        "repeats": repeats,
        "seconds": seconds,
        "times_faster": {name: seconds[name] / seconds["ours"] for name in seconds},
        "error": float((results["ours"] - results["same_products"]).abs().max()),
        "kernels": sorted({kernel.__name__ for kernel in chosen}),
        "required": REQUIRED,
    }
