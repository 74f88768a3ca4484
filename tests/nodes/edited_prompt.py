"""A prompt that edits a motion, which needs no model."""

from .starter_graph import node


def edited_prompt(host, class_type: str, **inputs) -> dict:
    """Return a prompt of idle motion, one node that edits it, and a plot.

    Parameters
    ----------
    host : Host
    class_type : str
        The node "edit"; it takes a motion and gives one.
    **inputs
        Of it; all others have their defaults.
    """
    return {
        "idle": with_defaults(host, "MoDAIdleMotion", duration=1.0),
        "edit": with_defaults(host, class_type, motion=["idle", 0], **inputs),
        "plot": node("MoDAPreviewMotion", motion=["edit", 0]),
    }


def with_defaults(host, class_type: str, **inputs) -> dict:
    """Return a node of a prompt whose widgets hold what they show at first."""
    required = host.object_info(class_type)["input"]["required"]
    widgets = {
        name: entry[1]["default"] for name, entry in required.items() if "default" in entry[1]
    }
    return node(class_type, **{**widgets, **inputs})
