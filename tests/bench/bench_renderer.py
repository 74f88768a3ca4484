"""Time of a rendered frame: the warp and the SPADE generator against plainly written ones.

On a CPU in float32 the product's networks run beside `plain_renderer` on the same inputs, in one
run, in turns. With `--dtype bfloat16` or `float16` they run beside the product's own in float32.
"""

import statistics
import time
from collections.abc import Callable

import torch

from moda_core.liveportrait.acceleration import accelerate
from tests.parity.renderer_cases import as_input, load_network
from tests.parity.synthetic_weights import checkpoint_state, image, normal

from .plain_renderer import PlainSPADEDecoder, PlainWarping
from .progress import Progress
from .timing import synchronize

REPEATS = 5
SPADE_REQUIRED, BOTH_REQUIRED, HALF_REQUIRED = 2.1, 1.6, 1.5
MAX_DIFFERENCE, MAX_GREY_LEVELS = 2e-5, 2.0


def seconds_in_turns(
    works: dict[str, Callable[[], object]], where: torch.device, progress: Progress
) -> dict[str, float]:
    """Return the median seconds of each work, run before; they take turns, so noise hits all."""
    seconds = {name: [] for name in works}
    for _ in range(REPEATS):
        progress("each network once")
        for name, work in works.items():
            synchronize(where)
            start = time.perf_counter()
            work()
            synchronize(where)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


class Product:
    """The product's warp and generator, in one precision."""

    def __init__(self, states: dict, where: torch.device, kind: torch.dtype):
        self.warping, self.decoder = (
            load_network(name, states[name]).to(where, kind)
            for name in ("warping_module", "spade_generator")
        )
        if where.type == "cpu":
            accelerate(self.warping)
            accelerate(self.decoder)
        self.kind = kind

    def works(self, volume, kp_source, kp_driving, feature) -> dict:
        """Return what is timed, as calls that return the feature map and the frames."""
        source = self.warping.prepare(volume.to(self.kind), kp_source)
        feature = feature.to(self.kind)
        return {
            "warp": lambda: self.warping(source, kp_driving),
            "spade": lambda: self.decoder(feature),
            "frame": lambda: self.decoder(self.warping(source, kp_driving)),
        }


def plain_works(states, where, volume, kp_source, kp_driving) -> dict:
    """Return the same calls of the plain networks."""
    warping, decoder = PlainWarping(), PlainSPADEDecoder()
    warping.load_state_dict(states["warping_module"])
    decoder.load_state_dict(states["spade_generator"])
    warping, decoder = warping.eval().to(where), decoder.eval().to(where)
    feature = warping(volume, kp_source, kp_driving)["out"]
    return {
        "warp": lambda: warping(volume, kp_source, kp_driving)["out"],
        "spade": lambda: decoder(feature),
        "frame": lambda: decoder(feature),  # of the plain warp
    }


@torch.inference_mode()
def run(num_frames: str = "1", device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure; return the figures."""
    where, kind, batch = torch.device(device), getattr(torch, dtype), int(num_frames)
    progress = Progress("renderer", REPEATS + 3)
    progress("synthetic weights")
    names = ("appearance_feature_extractor", "warping_module", "spade_generator")
    states = {name: checkpoint_state(name) for name in names}
    appearance = load_network("appearance_feature_extractor", states[names[0]]).to(where)
    volume = appearance(as_input(image(1, 256, 256)).to(where))
    kp_source = normal(1, (1, 21, 3), 0.3).to(where)
    kp_driving = kp_source + normal(2, (batch, 21, 3), 0.05).to(where)

    progress("plain and accelerated networks")
    baseline = plain_works(states, where, volume, kp_source, kp_driving)
    if kind != torch.float32:
        feature = baseline["warp"]()
        baseline = Product(states, where, torch.float32).works(
            volume, kp_source, kp_driving, feature
        )
    product = Product(states, where, kind).works(volume, kp_source, kp_driving, baseline["warp"]())
    return figures(baseline, product, where, kind, batch, progress)


def figures(baseline: dict, product: dict, where, kind, batch: int, progress: Progress) -> dict:
    """Compare and time two sets of calls."""
    progress("difference")
    difference = {
        name: (product[name]().float() - baseline[name]().float()).abs() for name in product
    }
    errors = {f"{name}_max_difference": float(each.max()) for name, each in difference.items()}
    calls = {
        f"{prefix}{name}": works[name]
        for name in ("warp", "spade")
        for prefix, works in (("baseline_", baseline), ("", product))
    }
    seconds = seconds_in_turns(calls, where, progress)
    frame, baseline_frame = (
        seconds[f"{prefix}warp"] + seconds[f"{prefix}spade"] for prefix in ("", "baseline_")
    )
    result = {
        **{f"{name}_ms": 1000 * value / batch for name, value in seconds.items()},
        "spade_speedup": seconds["baseline_spade"] / seconds["spade"],
        "frame_speedup": baseline_frame / frame,
        **errors,
    }
    if kind == torch.float32:
        required = {"spade": SPADE_REQUIRED, "frame": BOTH_REQUIRED}
        return {**result, "required": required, "required_difference": MAX_DIFFERENCE}
    grey = 255 * float(difference["frame"].mean())
    required = {"frame": HALF_REQUIRED, "grey_levels": MAX_GREY_LEVELS}
    return {**result, "frame_mean_grey_levels": grey, "required": required}
