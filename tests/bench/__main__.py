"""`python run.py bench NAME [--device cuda] [--dtype bfloat16]`: one JSON line for each benchmark.

`all` runs those that need no files from outside and take under a few minutes.
"""

import argparse
import importlib
import json
import platform

import torch

from moda_core.errors import MoDAError

BENCHES = {
    "mmdit": "bench_mmdit",
    "render-starter": "bench_render_starter",
    "import": "bench_import",
    "talk": "bench_talk",
    "talk-memory": "bench_talk_memory",
    "emotions": "bench_emotions",
    "landmarks": "bench_landmarks",
    "window": "bench_window",
    "solvers": "bench_solvers",
    "joint-windows": "bench_joint_windows",
    "inversion": "bench_inversion",
    "hold": "bench_hold",
    "emotion-timeline": "bench_emotion_timeline",
    "emotion-intensity": "bench_emotion_intensity",
    "driving": "bench_driving",
    "direct": "bench_direct",
    "load": "bench_load",
    "load-time": "bench_load_time",
    "faults": "bench_faults",
    "audio-memory": "bench_audio_memory",
    "crop": "bench_crop",
    "renderer": "bench_renderer",
    "precision": "bench_precision",
    "memory": "bench_released_memory",
    "activations": "bench_activations",
    "node-memory": "bench_node_memory",
}
# Those that take files from outside, or minutes.
NOT_IN_ALL = (
    "talk-memory",
    "landmarks",
    "crop",
    "precision",
    "memory",
    "load",
    "load-time",
    "node-memory",
    "joint-windows",
    "inversion",
    "emotion-intensity",
)


def main() -> int:
    """Run the named benchmarks and print their figures; return 1 if one could not run."""
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[*BENCHES, "all"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    arguments, rest = parser.parse_known_args()
    quick = [name for name in BENCHES if name not in NOT_IN_ALL]
    failed = False
    for name in quick if arguments.name == "all" else [arguments.name]:
        module = importlib.import_module(f".{BENCHES[name]}", __package__)
        try:
            figures = module.run(*rest, device=arguments.device, dtype=arguments.dtype)
        except (MoDAError, RuntimeError, ValueError) as error:
            figures, failed = {"error": str(error)}, True
        machine = {
            "bench": name,
            "device": arguments.device,
            "dtype": arguments.dtype,
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "machine": platform.machine(),
        }
        print(json.dumps({**machine, **figures}), flush=True)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
