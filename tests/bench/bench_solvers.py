"""Error of each solver and schedule against 200 Euler steps, by the number of model calls.

The same noise, the starter model and the bundled speech; the error is the RMS over the dims that
move, in standard deviations of the training set.
"""

import torch

from moda_core.bundles.starter import encode_speech, load_starter_model
from moda_core.emotion.labels import emotion_weights
from moda_core.example import SPEECH
from moda_core.runtime.threads import one_thread
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SCHEDULES, SOLVERS, SamplingOptions
from moda_core.sampling.sample import sample_takes

from .progress import Progress

SEEDS, LONG_SEEDS = (42, 43), (42, 43, 44, 45)
EMOTIONS = ("none", "happiness")
NUM_FRAMES = 144  # two windows
REFERENCE_STEPS = 200
CALLS = (4, 5, 6, 8, 10)
SHIFTS = (1.0, 2.0, 3.0)
BASELINE = "euler released"  # at 10 calls
REQUIRED = {"best_order_2_at_5_calls_over_euler_at_10": 1.0}


def count_calls(solver: str, num_steps: int) -> int:
    """Return how often a solver asks for the velocity."""
    return {"heun": 2 * num_steps - 1, "midpoint": 2 * num_steps}.get(solver, num_steps)


def steps_for(solver: str, calls: int) -> int | None:
    """Return the steps that take a number of model calls, or None."""
    return next((n for n in range(1, calls + 1) if count_calls(solver, n) == calls), None)


def errors_of(sample, reference: torch.Tensor, moving: torch.Tensor, **options) -> dict:
    """Return the error by model calls, as text."""
    errors = {}
    for calls in CALLS:
        num_steps = steps_for(options["solver"], calls)
        if num_steps is not None:
            difference = sample(num_steps=num_steps, **options) - reference
            errors[str(calls)] = float(difference[..., moving].square().mean().sqrt())
    return errors


@one_thread()
def run(*, long: bool = False, device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures. `long` averages over more seeds."""
    seeds = LONG_SEEDS if long else SEEDS
    model = load_starter_model(device)
    features = encode_speech(SPEECH).values[:NUM_FRAMES]
    told = [
        Conditions(
            features,
            torch.zeros(63),
            torch.zeros(1, 1, 70),
            EmotionCurve.constant(emotion_weights(label)),
        )
        for label in EMOTIONS
    ]

    def sample(**options) -> torch.Tensor:
        made = SamplingOptions(**options)
        takes = [
            sample_takes(model.network, model.null_audio, conditions, made, seeds).cpu()
            for conditions in told
        ]
        return torch.cat(takes)

    names = [(solver, schedule) for solver in SOLVERS for schedule in SCHEDULES]
    progress = Progress("solvers", 1 + len(names))
    progress(f"{REFERENCE_STEPS} Euler steps")
    moving, reference = model.stats.std > 0, sample(num_steps=REFERENCE_STEPS)
    table = {}
    for solver, schedule in names:
        progress(f"{solver}, {schedule} schedule")
        for shift in SHIFTS:
            name = f"{solver} {schedule}" + (f" shift {shift:g}" if shift != 1 else "")
            options = {"solver": solver, "schedule": schedule, "shift": shift}
            table[name] = errors_of(sample, reference, moving, **options)
    baseline = table[BASELINE]["10"]
    half = {
        name: errors["5"]
        for name, errors in table.items()
        if "5" in errors and not name.startswith("euler")
    }
    best = min(half, key=half.get)
    return {
        "dtype": "float32",
        "seeds": seeds,
        "error_by_calls": {
            name: {calls: round(error, 4) for calls, error in errors.items()}
            for name, errors in table.items()
        },
        "euler_at_10_calls": baseline,
        "best_order_2_at_5_calls": best,
        "best_order_2_at_5_calls_over_euler_at_10": half[best] / baseline,
        "required": REQUIRED,
    }
