"""Reads the templates and blueprints, and what they are checked against."""

import json
from pathlib import Path

from ..host.graph_to_prompt import core_schemas

FOLDER = Path(__file__).resolve().parents[2] / "workflows"
TEMPLATES = sorted(path.stem for path in FOLDER.glob("*.json"))
BLUEPRINTS = FOLDER.parent / "subgraphs"  # where ComfyUI looks for them
RELEASED = "released_moda_quick_start"  # the one that needs files


def template(name: str) -> dict:
    """Return a template as the page would read it."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def schemas_of(host) -> dict:
    """Return the schemas of the pack's nodes and of ComfyUI's, as the page receives them."""
    ours = [name for name in host.node_classes if name.startswith("MoDA")]
    return core_schemas() | {name: json.loads(json.dumps(host.object_info(name))) for name in ours}
