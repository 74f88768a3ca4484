"""A trained starter and its weights file."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..mmdit.model import MotionMMDiT
from ..mmdit.released_keys import MMDIT_PREFIX
from ..motion.motion import MotionStats
from ..weights.checkpoint import save_safetensors


@dataclass(frozen=True)
class TrainedStarter:
    """A trained motion model, its null audio (64,) and the statistics of its normalised space."""

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
