"""Memory that the full-size networks take beside their weights; nodes ask the host for it.

Weights are random. On a CPU the growth of the process is watched; on CUDA torch counts.
"""

import threading
import time
from pathlib import Path
from unittest.mock import patch

import torch

from moda_core.emotion.labels import emotion_weights
from moda_core.liveportrait.networks import NETWORKS
from moda_core.mmdit.config import RELEASED
from moda_core.mmdit.model import MotionMMDiT
from moda_core.runtime.layers import Layers
from moda_core.sampling import row_batch
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.window import WindowSampler
from moda_core.sampling.window_plan import WINDOW, window_audio

from .progress import Progress

CHUNKS = (1, 2)
PAGE = 4096
INTERVAL_S = 0.002


def growth(call, device: str) -> tuple[object, float]:
    """Return what a call returns, and by how many MB memory grew at most while it ran."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        result = call()
        return result, (torch.cuda.max_memory_allocated() - before) / 1e6
    before, peak, running = resident(), [0], [True]

    def watch():
        while running[0]:
            peak[0] = max(peak[0], resident())
            time.sleep(INTERVAL_S)

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = call()
    running[0] = False
    watcher.join()
    return result, max(0, peak[0] - before) / 1e6


def resident() -> int:
    """Return the memory of this process in bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def motion_figures(device: str, progress: Progress) -> dict:
    """Return the MB that guided windows of the motion transformer take, all rows in one call."""
    progress("motion transformer, random weights")
    network = MotionMMDiT(RELEASED, Layers(device=device)).eval().requires_grad_(False)
    silence = torch.zeros(RELEASED.audio_width, device=device)
    features = torch.randn(WINDOW, RELEASED.audio_layers, RELEASED.audio_width)
    audio = window_audio(features, 0, RELEASED.audio_context, "zero")
    options = SamplingOptions(num_steps=1)

    def sample(num_takes: int):
        progress(f"motion transformer, {2 * num_takes} rows")
        previous, noise = torch.zeros(num_takes, 1, 70), torch.randn(num_takes, WINDOW, 70)
        conditions = Conditions(features, torch.randn(63), previous)
        sampler = WindowSampler(network, silence, conditions, options)
        return sampler.sample(audio, previous, noise, lambda: None)

    labels = emotion_weights("none").to(device)[None]
    tables = network.modulations(torch.zeros(1, device=device), labels)
    with patch.object(row_batch, "CPU_ROWS", row_batch.ROWS):  # as on a GPU
        return {
            "window": growth(lambda: sample(1), device)[1],
            f"{row_batch.ROWS}_rows": growth(lambda: sample(row_batch.ROWS // 2), device)[1],
            "tables_of_100_steps": 100 * sum(table.nbytes for table in tables) / 1e6,
        }


@torch.inference_mode()
def run(device: str = "cpu", dtype: str = "float32") -> dict:
    """Measure the networks; figures are MB in float32."""
    progress = Progress("activations", 5 + len(CHUNKS))
    progress("renderer, random weights")
    networks = {
        name: build(Layers(device=device)).eval().requires_grad_(False)
        for name, (build, _) in NETWORKS.items()
    }
    crop, keypoints = torch.rand(1, 3, 256, 256, device=device), torch.randn(1, 21, 3) * 0.2
    keypoints = keypoints.to(device)
    warping, spade = networks["warping_module"], networks["spade_generator"]
    progress("appearance and source")
    volume, appearance = growth(lambda: networks["appearance_feature_extractor"](crop), device)
    source, prepare = growth(lambda: warping.prepare(volume, keypoints), device)
    figures = {"appearance": appearance, "prepare": prepare}
    for count in CHUNKS:
        progress(f"warp and decoder, chunk of {count}")
        driven = keypoints.repeat(count, 1, 1) + 0.01
        features, warp = growth(lambda driven=driven: warping(source, driven), device)
        _, decode = growth(lambda features=features: spade(features), device)
        figures |= {f"warp_{count}": warp, f"decode_{count}": decode}
    figures |= motion_figures(device, progress)
    return {name: round(value) for name, value in figures.items()}
