"""Golden cases of what is done to pictures before any network sees them."""

import numpy as np
import torch

from moda_core.portrait.image import limit_size, resize_limit

from .statements import in_names
from .synthetic_weights import image

Arrays = dict[str, np.ndarray]


def reduced_picture(case: dict) -> np.ndarray:
    """Reduce a large picture; every sixth row and twelfth column of it is stored.

    `cases.json` states neither these nor the limit, which is the product's default.
    """
    picture = image(case["seed"], case["h"], case["w"])
    return limit_size(torch.from_numpy(picture)).numpy()[::6, ::12]


def size_limits(golden: Arrays) -> Arrays:
    """Return the reduced sizes (height, width) of the stored ones, by the limits in the names."""
    sizes = golden["resize_in"].tolist()
    return {
        name: np.array([resize_limit(height, width, *limits) for height, width in sizes])
        for name, limits in in_names("resize_out_{}_{}", golden).items()
    }
