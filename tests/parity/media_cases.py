"""Golden cases of what is done to pictures before any network sees them."""

import numpy as np
import torch

from moda_core.portrait.image import limit_size, resize_limit

from .synthetic_weights import image

Arrays = dict[str, np.ndarray]


def reduced_picture(case: dict) -> np.ndarray:
    """Reduce a large picture; every sixth row and twelfth column of it is stored."""
    picture = image(case["seed"], case["h"], case["w"])
    return limit_size(torch.from_numpy(picture)).numpy()[::6, ::12]


def size_limits(golden: Arrays) -> np.ndarray:
    """Return the reduced sizes (height, width) of the stored ones."""
    return np.array([resize_limit(int(h), int(w)) for h, w in golden["resize_in"]])
