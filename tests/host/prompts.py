"""Prompts of the tiny nodes."""


def node(class_type: str, **inputs) -> dict:
    """Return a node of a prompt."""
    return {"class_type": class_type, "inputs": inputs}


def number(**inputs) -> dict:
    """Return a TinyNumber."""
    return node("TinyNumber", **{"number": 3, "way": "up", "on": True, "text": "a", **inputs})


def graph(**inputs) -> dict:
    """Return a prompt that shows twice a number."""
    return {"1": number(**inputs), "2": node("TinyAny", value=["1", 1])}


def save(source: str) -> dict:
    """Return a node that saves the video of another."""
    inputs = {"filename_prefix": "video/take", "format": "auto", "codec": "auto"}
    return node("SaveVideo", video=[source, 0], **inputs)
