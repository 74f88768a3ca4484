"""How exactly given motion is held, and whether it jumps at its borders or makes the rest restless.

The starter model and the bundled speech, finished with blinks and sway. In the middle of the clip a
turn of the head, or the mouth of another speech, is held for three seconds. Changes are those from
one frame to the next, root mean square over the dims in question, in standard deviations.
"""

import math
from types import SimpleNamespace

import torch

from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.example import SPEECH
from moda_core.motion.controls import rest_expression
from moda_core.motion.motion import FPS, YAW, Motion
from moda_core.runtime.threads import one_thread
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.held_motion import FEATHER_S, PARTS, HeldCurves, HeldMotion, finish_motion
from moda_core.sampling.inversion import moving_dims
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_motion

from .progress import Progress

KEPT_S, SEEDS = 3.0, (42, 43, 44, 45)
TURN_DEG = 12.0  # of the head, to the side and back while it is held
REQUIRED = {"held_error": 1e-4, "jump_at_borders": 2.0, "change_of_free_dims": 1.2}


def changes(values: torch.Tensor, dims: torch.Tensor) -> torch.Tensor:
    """Return the changes of normalised motion from frame to frame, (N - 1,)."""
    return (values[1:, dims] - values[:-1, dims]).square().mean(dim=1).sqrt()


def compare(work: SimpleNamespace, held: HeldMotion, seed: int) -> dict:
    """Return the figures of one held motion and seed."""
    free, steered = (work.sample(seed, given) for given in (None, held))
    curves = HeldCurves.of([held], rest_expression(), len(free))
    inside = curves.weights == 1
    frames = inside.any(dim=1).nonzero().flatten()
    borders = torch.tensor([frames[0] - 1, frames[-1]])
    soft = ((curves.weights > 0) & ~inside).any(dim=1).nonzero().flatten()
    normalized = [work.model.stats.normalize(values) for values in (free, steered)]
    own = inside.any(dim=0) & work.moving
    usual = changes(normalized[0], own).square().mean().sqrt()
    kept_change = changes(normalized[1], own)
    rest = [changes(values, work.moving & ~own).square().mean().sqrt() for values in normalized]
    near = slice(int(frames[0]), int(frames[-1]))
    rest_near = [changes(v, work.moving & ~own)[near].square().mean().sqrt() for v in normalized]
    error = (work.model.stats.normalize(curves.values) - normalized[1])[inside].abs().max()
    near_borders = kept_change[torch.cat([borders, soft.clamp(max=len(kept_change) - 1)])].max()
    return {
        "held_error": float(error),
        "jump_at_borders": float(kept_change[borders].max() / usual),
        "largest_change_near_borders": float(near_borders / usual),
        "largest_unconstrained_change": float(changes(normalized[0], own).max() / usual),
        "change_of_free_dims": float(rest[1] / rest[0]),
        "change_of_free_dims_meanwhile": float(rest_near[1] / rest_near[0]),
    }


@one_thread()
def run(feather: str = str(FEATHER_S), device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    model, features = load_starter_model(device), encode_speech(SPEECH)
    identity, start, rest = torch.zeros(63), torch.zeros(1, 1, 70), rest_expression()
    num_frames = len(features)
    start_s = (num_frames / FPS - KEPT_S) / 2
    time_s = torch.arange(num_frames) / FPS

    def sample(seed: int, held: HeldMotion | None, values=features.values) -> torch.Tensor:
        curves = held and HeldCurves.of([held], rest, num_frames)
        normalized = sample_motion(
            model.network,
            model.null_audio,
            Conditions(values, identity, start, hold=curves and curves.hold(model.stats, features)),
            SamplingOptions(seed=seed),
        )
        return finish_motion(model, normalized.cpu(), features, seed, curves)

    turn = torch.zeros(num_frames, 70)
    phase = ((time_s - start_s) / KEPT_S).clamp(0, 1)
    turn[:, YAW] = (TURN_DEG * (1 - torch.cos(2 * math.pi * phase)) / 2)[:, None]
    other = sample(7, None, features.values.roll(-100, 0))
    span = {"start_s": start_s, "end_s": start_s + KEPT_S, "feather_s": float(feather)}
    cases = {
        "yaw": HeldMotion(Motion(turn, rest), {"yaw": 1.0}, **span),
        "mouth": HeldMotion(Motion(other, rest), {"mouth": 1.0}, **span),
    }
    work = SimpleNamespace(sample=sample, model=model, moving=moving_dims(model.stats))
    progress, figures = Progress("hold", len(cases) * len(SEEDS)), {}
    for name, held in cases.items():
        for seed in SEEDS:
            progress(case := f"{name}, seed {seed}")
            figures[case] = compare(work, held, seed)
    worst = {key: max(found[key] for found in figures.values()) for key in REQUIRED}
    return {
        "dtype": "float32",
        **worst,
        "cases": figures,
        "dims_of_mouth": len(PARTS["mouth"]),
        "required": REQUIRED,
    }
