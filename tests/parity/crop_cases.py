"""Golden cases of section G: the crop around a face, its way back, and 8-bit frames."""

import numpy as np
import torch

from moda_core.compositing.paste_back import PasteBack, frames_to_uint8
from moda_core.compositing.paste_mask import TEMPLATE_FEATHER, placed_template
from moda_core.portrait.crop import crop_face
from moda_core.portrait.resample_picture import reduce_area

from .landmark_crop import crop_transform
from .statements import in_names
from .synthetic_weights import image

Arrays = dict[str, np.ndarray]

# `cases.json` states neither how the crops are made nor which of their pixels are stored: the first
# crop, its size and the mask are the pipeline's own, that of 106 points; the others have the
# defaults of the reference's function.
PIPELINE = "lmk106"
GENERAL = {"size": 224, "scale": 1.5, "vy": -0.1}


def crop_helpers(case: dict, golden: Arrays) -> Arrays:
    """Return the arrays of helpers.npz that belong to sections F.5 and G."""
    landmarks = golden[PIPELINE]
    transform = crop_transform(landmarks)
    described = case["crop_image"]
    picture = torch.from_numpy(image(described["seed"], described["h"], described["w"]))
    crop = crop_face(picture, transform)
    size = transform.size
    frame = torch.from_numpy(image(case["paste_back"]["crop_seed"], size, size))
    pasted = PasteBack(picture, transform).compose(frame[None])[0].numpy()
    whole = (0, 0, *picture.shape[:2])
    points = np.concatenate([landmarks, np.ones_like(landmarks[:, :1])], axis=1)
    return {
        "M_o2c": transform.to_crop,
        "M_c2o": transform.to_image,
        **{
            name: crop_transform(golden[f"lmk{count}"], **GENERAL).to_crop
            for name, (count,) in in_names("M_o2c_{}", golden).items()
        },
        "rect_center": transform.center,
        "rect_size": np.full(2, transform.side, np.float32),
        "rect_angle": transform.angle,
        "pt_crop": points @ transform.to_crop[:2].T,
        "img_crop_sub": crop[::4, ::4],
        **{
            name: reduce_area(crop, size)[::2, ::2]
            for name, (size,) in in_names("img{}_sub", golden).items()
        },
        "mask_ori_sub": placed_template(transform, whole, TEMPLATE_FEATHER, 0.0)[::4, ::4],
        "paste_back_sub": pasted[::3, ::3],
        "paste_back_stats": np.array([pasted.mean(), pasted.std()]),
        "parse_out": frames_to_uint8(torch.from_numpy(golden["parse_in"])),
    }
