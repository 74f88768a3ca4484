"""`python run.py train-starter`: train the starter, measure it, and write its evaluation."""

import json
from pathlib import Path

from moda_core.bundles.starter import STARTER_WEIGHTS
from moda_core.errors import MoDAError
from moda_core.training.train_starter import build_parser, train_and_save

from . import bench_starter


def write_evaluation(path: Path, variant: str, figures: dict) -> None:
    """Add the shipped weights' figures to a file, keeping those of the other variant."""
    stored = json.loads(path.read_text("utf-8")) if path.exists() else {}
    stored = {**stored, "shipped": variant, variant: figures}
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> None:
    """Write ``starter.safetensors`` and ``starter_evaluation.json``."""
    parser = build_parser()
    parser.add_argument("--speech", default="", help="a real recording to evaluate on as well")
    arguments = parser.parse_args(argv)
    try:
        figures = train_and_save(arguments)
    except MoDAError as error:
        parser.exit(2, f"{error}\n")
    weights = arguments.out / STARTER_WEIGHTS.name
    figures |= bench_starter.run(str(weights), arguments.speech, arguments.seed + 1)
    variant = "with_lip_sync_expert" if arguments.lip_sync_expert else "without_lip_sync_expert"
    write_evaluation(weights.with_name("starter_evaluation.json"), variant, figures)


if __name__ == "__main__":
    main()
