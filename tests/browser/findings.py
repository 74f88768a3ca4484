"""What is wrong with what a page reported, in sentences."""

import re
from itertools import combinations

from tests.host.graph_to_prompt import graph_to_prompt, without_page_inputs

# What any page says offline, with no pack at all, and where the input folder is empty.
NOISE = (
    r"Failed to load resource.*40[04].*/view\?.*type=input",
    r"Failed to load resource.*404.*/(user\.css|favicon\.ico|userdata\b)",
    r"Failed to load resource.*net::ERR_",
    r"ComfyApp graph accessed before initialization",
    r"Error fetching file size: TypeError: Failed to fetch",  # of a model that the page offers
)
OVERLAP_TOLERANCE = 1.0


def overlaps(nodes: list[dict]) -> list[str]:
    """Name the pairs of nodes that lie on each other.

    Parameters
    ----------
    nodes : list of dict
        ``id``, ``type`` and ``rect`` (x, y, width, height), pixels of the graph, title included.

    Returns
    -------
    list of str
    """
    found = []
    for one, other in combinations(nodes, 2):
        (x, y, width, height), (x2, y2, width2, height2) = one["rect"], other["rect"]
        across = min(x + width, x2 + width2) - max(x, x2)
        down = min(y + height, y2 + height2) - max(y, y2)
        if min(across, down) > OVERLAP_TOLERANCE:
            names = [f"{node['type']} {node['id']}" for node in (one, other)]
            found.append(f"{names[0]} and {names[1]} overlap by {across:.0f} x {down:.0f}")
    return found


def layout_problems(measured: dict) -> list[str]:
    """Name what overlaps, is cut off, or was not drawn in one look at a graph."""
    hidden = [
        f"{node['type']} {node['id']} is not drawn"
        for node in measured["nodes"]
        if node.get("hidden")
    ]
    drawn = [node for node in measured["nodes"] if not node.get("hidden")]
    return hidden + overlaps(drawn) + measured["cut"]


def our_messages(messages: list[dict]) -> list[str]:
    """Return the console's errors and our own warnings, without an offline page's noise.

    Parameters
    ----------
    messages : list of dict
        ``kind``, ``text`` and ``url`` of each.

    Returns
    -------
    list of str
    """
    kept = []
    for message in messages:
        line = f"{message['text']} {message['url']}"
        ours = message["kind"] in ("error", "warning") and "moda" in line.lower()
        error = message["kind"] == "error"
        if ours or (error and not any(re.search(noise, line) for noise in NOISE)):
            kept.append(f"console {message['kind']}: {line.strip()}")
    return kept


def prompt_problems(result: dict, workflow: dict, schemas: dict) -> list[str]:
    """Compare the page's prompt with that of `graph_to_prompt`.

    Parameters
    ----------
    result : dict
        The page's report on one template.
    workflow : dict
        The template.
    schemas : dict
        The server's ``/object_info``.

    Returns
    -------
    list of str
        One line for each node that differs.
    """
    page = without_page_inputs(result["prompt"], schemas)
    ours = graph_to_prompt(workflow, schemas)
    return [
        f"node {key}: the page sends {page.get(key)}, graph_to_prompt makes {ours.get(key)}"
        for key in sorted(set(page) | set(ours))
        if page.get(key) != ours.get(key)
    ]


def offered_models(workflow: dict) -> list[str]:
    """Return the names of the missing files that a page can offer to fetch.

    Parameters
    ----------
    workflow : dict
        A template.
    """
    nodes = workflow["nodes"]
    found = (node.get("properties", {}).get("models", ()) for node in nodes)
    return [model["name"] for models in found for model in models]


def run_problems(result: dict) -> list[str]:
    """Say what went wrong with the run and with the cancelled one.

    Parameters
    ----------
    result : dict
        The page's report on the template that ran.

    Returns
    -------
    list of str
    """
    problems = [f"after the run: {line}" for line in layout_problems(result["ran"])]
    end = result["ran"]["end"]
    if end["name"] != "execution_success":
        detail = end["detail"]
        said = [detail.get(key, "") for key in ("node_type", "exception_message")]
        last = [line.strip() for line in detail.get("traceback", [])[-2:]]
        return [*problems, f"the run ended with {end['name']}: {' '.join([*said, *last])}"]
    cancelled = result["cancelled"]["end"]["name"]
    if cancelled != "execution_interrupted":
        problems.append(f"the run that was to be cancelled ended with {cancelled}")
    return problems


def template_problems(result: dict, workflow: dict, schemas: dict) -> list[str]:
    """Collect all that is wrong with one template in one renderer.

    Parameters
    ----------
    result : dict
        The page's report on it.
    workflow : dict
        The template.
    schemas : dict
        The server's ``/object_info``.

    Returns
    -------
    list of str
    """
    problems = [f"the page does not know the node type {kind}" for kind in result["missing"]]
    problems += layout_problems(result)
    if offered_models(workflow) and not result["offer"]:
        problems.append("the page does not offer the models that the template names")
    if not result["missing"]:
        problems += prompt_problems(result, workflow, schemas)
    if "ran" in result:
        problems += run_problems(result)
    return problems
