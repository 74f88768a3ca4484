"""The outcome of training: what one weights file holds."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..mmdit.model import MotionMMDiT
from ..mmdit.released_keys import MMDIT_PREFIX
from ..motion.motion import MotionStats
from ..weights.checkpoint import save_safetensors


@dataclass(frozen=True)
class TrainedStarter:
    """A trained motion model with what belongs to it.

    Parameters
    ----------
    null_audio : Tensor, shape (64,)
        Stands for "no audio".
    stats : MotionStats
        Of the normalised space; the mean is the rest pose.
    """

    network: MotionMMDiT
    null_audio: Tensor
    stats: MotionStats

    def save(self, path: Path) -> None:
        """Write one safetensors file with the configuration in its metadata."""
        state = self.network.state_dict()
        tensors = {f"{MMDIT_PREFIX}{key}": tensor for key, tensor in state.items()}
        tensors["null_audio_feat"] = self.null_audio.reshape(1, 1, 1, 1, -1)
        tensors["motion_mean"], tensors["motion_std"] = self.stats.mean, self.stats.std
        save_safetensors(path, tensors, self.network.config.metadata)
