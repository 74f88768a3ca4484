"""What the texts of `cases.json` and the names of arrays state: numbers, seeds and slices."""

import re

NUMBER = r"([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
INDEXED = re.compile(r"(\w*)\[([-\d:, ]+)\]")


def number(text: str) -> int | float:
    """Return a number as it is written: whole, or with a fraction."""
    return float(text) if re.search(r"[.e]", text) else int(text)


def stated(template: str, text: str) -> list[int | float]:
    """Return the numbers that stand in a text in place of each ``{}`` of a template.

    Parameters
    ----------
    template : str
        What the text says, of which only the numbers may differ; it may be a part of the text.
    text : str

    Raises
    ------
    ValueError
        If the text says something else.
    """
    pattern = re.escape(template).replace(r"\{\}", NUMBER).replace(r"\ ", r"\s*")
    found = re.search(pattern, text)
    if not found:
        raise ValueError(f"Expected a text like {template!r}, got {text!r}.")
    return [number(group) for group in found.groups()]


def in_names(template: str, names) -> dict[str, list[int | float]]:
    """Return the numbers in those of some names that have the form of a template, by name."""
    pattern = re.compile(re.escape(template).replace(r"\{\}", NUMBER))
    found = {name: pattern.fullmatch(name) for name in names}
    return {
        name: [number(text) for text in match.groups()] for name, match in found.items() if match
    }


def slices(text: str) -> list[tuple[str, tuple]]:
    """Return every index in a text, ``name[0, ::4, 2:8]``, in order: what is indexed, and by what.

    The name is empty where the brackets stand alone.
    """
    return [(name, index(inside)) for name, inside in INDEXED.findall(text)]


def index(text: str) -> tuple:
    """Return what stands between the brackets of an index as whole numbers and slices."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(
        slice(*(int(bound) if bound.strip() else None for bound in part.split(":")))
        if ":" in part
        else int(part)
        for part in parts
    )


def noise_seed(text: str) -> int:
    """Return the seed of ``torch.manual_seed(0)``."""
    return stated("torch.manual_seed({})", text)[0]
