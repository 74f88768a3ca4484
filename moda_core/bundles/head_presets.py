"""Attention heads of the starter that guide towards an objective, found by `bench head-search`."""

from ..mmdit.config import STARTER
from ..sampling.perturbation import Head, HeadPerturbation, parse_heads

CUSTOM = "custom"
STARTER_HEADS: dict[str, tuple[Head, ...]] = {
    "closure": parse_heads("0:2, 1:2"),
    "pose range": parse_heads("1:0, 1:2, 1:3"),
    "smoothness": parse_heads("0:2"),
}
HEAD_PRESETS = (CUSTOM, *STARTER_HEADS)


def head_perturbation(
    preset: str, heads: str, u: float, w: float, interval: tuple[float, float] | None = None
) -> HeadPerturbation:
    """Return the perturbation of a preset's heads, or with `CUSTOM` of those given as text.

    Parameters
    ----------
    preset : str
        One of `HEAD_PRESETS`.
    heads : str
        See `parse_heads`; not used by the other presets.
    u, w, interval
        See `HeadPerturbation`.

    Raises
    ------
    ValueError
        If the text names no heads, or a value is out of range.
    """
    if preset == CUSTOM:
        return HeadPerturbation(parse_heads(heads), u, w, interval)
    shape = (STARTER.num_blocks, STARTER.num_heads)
    return HeadPerturbation(STARTER_HEADS[preset], u, w, interval, shape)
