"""`python run.py bench NAME [--device cuda] [--dtype bfloat16] [--long]`: one JSON line each.

Progress goes to stderr. By default no benchmark takes over three minutes on two cores; `--long`
asks for the full size, where there is one. `all` runs the quick ones that need no other files.
"""

import argparse
import importlib
import inspect
import json
import platform
from collections.abc import Callable

import torch

from moda_core.errors import MoDAError

BENCHES = {
    "mmdit": "bench_mmdit",
    "render-starter": "bench_render_starter",
    "import": "bench_import",
    "talk": "bench_talk",
    "batch": "bench_batch",
    "cluster": "bench_cluster",
    "cluster-plan": "bench_cluster_plan",
    "busy": "bench_busy",
    "talk-memory": "bench_talk_memory",
    "emotions": "bench_emotions",
    "faces": "bench_faces",
    "picker": "bench_picker",
    "follow": "bench_follow",
    "round-trip": "bench_round_trip",
    "turn": "bench_turn",
    "turn-seen": "bench_turn_seen",
    "blinks": "bench_blinks",
    "window": "bench_window",
    "solvers": "bench_solvers",
    "joint-windows": "bench_joint_windows",
    "long-range": "bench_long_range",
    "inversion": "bench_inversion",
    "hold": "bench_hold",
    "style": "bench_style",
    "refine": "bench_refine",
    "diversity": "bench_diversity",
    "head-search": "bench_head_search",
    "emotion-timeline": "bench_emotion_timeline",
    "emotion-intensity": "bench_emotion_intensity",
    "conversation": "bench_conversation",
    "relip": "bench_relip",
    "relip-seen": "bench_relip_seen",
    "stream": "bench_stream",
    "driving": "bench_driving",
    "direct": "bench_direct",
    "expression": "bench_expression",
    "load": "bench_load",
    "load-time": "bench_load_time",
    "faults": "bench_faults",
    "audio-memory": "bench_audio_memory",
    "renderer": "bench_renderer",
    "precision": "bench_precision",
    "memory": "bench_released_memory",
    "activations": "bench_activations",
    "node-memory": "bench_node_memory",
    "same-file": "bench_same_file",
    "starter": "bench_starter",
    "voices": "bench_voices",
    "score": "bench_score",
    "unvoiced": "bench_unvoiced",
    "clean-speech": "bench_clean_speech",
    "singing": "bench_singing",
}
# They need other files, or take over a minute.
NOT_IN_ALL = (
    "style",
    "batch",
    "cluster",
    "cluster-plan",
    "conversation",
    "relip",
    "relip-seen",
    "stream",
    "same-file",
    "starter",
    "voices",
    "score",
    "unvoiced",
    "clean-speech",
    "singing",
    "renderer",
    "activations",
    "talk",
    "window",
    "solvers",
    "talk-memory",
    "faces",
    "round-trip",
    "turn",
    "turn-seen",
    "blinks",
    "precision",
    "memory",
    "load",
    "load-time",
    "node-memory",
    "joint-windows",
    "long-range",
    "inversion",
    "head-search",
    "emotion-intensity",
    "refine",
    "diversity",
)


def load_run(name: str) -> Callable[..., dict]:
    """Return the function that runs a benchmark."""
    return importlib.import_module(f".{BENCHES[name]}", __package__).run


def has_long_form(run: Callable[..., dict]) -> bool:
    """Tell whether a benchmark takes `long`."""
    return "long" in inspect.signature(run).parameters


def main(argv: list[str] | None = None) -> int:
    """Run the named benchmarks and print their figures; return 1 if one could not run."""
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[*BENCHES, "all"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument(
        "--long", action="store_true", help="measure at full size, which may take many minutes"
    )
    arguments, rest = parser.parse_known_args(argv)
    options = {"device": arguments.device, "dtype": arguments.dtype}
    if arguments.long:
        if arguments.name == "all" or not has_long_form(load_run(arguments.name)):
            long_forms = [name for name in BENCHES if has_long_form(load_run(name))]
            parser.error(f"--long goes with {', '.join(long_forms)}; got {arguments.name}")
        options["long"] = True
    quick = [name for name in BENCHES if name not in NOT_IN_ALL]
    failed = False
    for name in quick if arguments.name == "all" else [arguments.name]:
        try:
            figures = load_run(name)(*rest, **options)
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
