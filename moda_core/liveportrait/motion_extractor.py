"""The motion extractor: a face becomes implicit keypoints, expression and pose (spec F.2)."""

from torch import Tensor, nn

from ..motion.keypoints import NUM_KEYPOINTS, NUM_POSE_BINS
from ..runtime.layers import PLAIN, Layers
from .convnext import WIDTHS, ConvNeXtV2
from .folding import State
from .layers import check_image

IMAGE_SIZE = 256
# Widths of the heads, by the names that `refine_motion_info` expects.
HEADS = {
    "kp": 3 * NUM_KEYPOINTS,
    "scale": 1,
    "pitch": NUM_POSE_BINS,
    "yaw": NUM_POSE_BINS,
    "roll": NUM_POSE_BINS,
    "t": 3,
    "exp": 3 * NUM_KEYPOINTS,
}


class MotionDetector(ConvNeXtV2):
    """The trunk with its heads.

    Parameters
    ----------
    """

    def __init__(self, layers: Layers = PLAIN):
        super().__init__(layers)
        for name, width in HEADS.items():
            head = layers.Linear(WIDTHS[-1], width)
            self.add_module(f"fc_{name}", head)

    def heads(self, features: Tensor) -> dict[str, Tensor]:
        """Return the raw value of every head; `features` (B, 768)."""
        return {name: self.get_submodule(f"fc_{name}")(features) for name in HEADS}


class MotionExtractor(nn.Module):
    """Canonical keypoints, expression and head pose of a face.

    Parameters
    ----------
    layers : Layers
        Makes the layers.
    """

    def __init__(self, layers: Layers = PLAIN):
        super().__init__()
        self.detector = MotionDetector(layers)

    def features(self, image: Tensor) -> Tensor:
        """Run the trunk on RGB crops (B, 3, 256, 256) in [0, 1]; returns (B, 768)."""
        check_image(image, IMAGE_SIZE)
        return self.detector.features(image)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Predict raw motion info for `refine_motion_info` of RGB crops (B, 3, 256, 256) in [0, 1].

        ``kp`` and ``exp`` have shape (B, 63), ``pitch``, ``yaw`` and ``roll`` (B, 66), ``t``
        (B, 3), ``scale`` (B, 1).
        """
        return self.detector.heads(self.features(image))


def convert_motion_extractor(state: State) -> State:
    """Bring the motion extractor's weights from the released layout into ours: they are equal."""
    return dict(state)
