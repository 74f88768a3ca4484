"""A trained starter, its weights file, and what it makes of speech."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..audio.speech_preparation import SAMPLE_RATE
from ..bundles.performance import CLOSED
from ..bundles.starter import encode_speech, finish_at_rest
from ..emotion.labels import emotion_weights
from ..mmdit.model import IDENTITY_DIM, MotionMMDiT
from ..mmdit.released_keys import MMDIT_PREFIX
from ..motion.motion import MOTION_DIM, MotionStats
from ..sampling.conditions import Conditions
from ..sampling.emotion_curve import EmotionCurve
from ..sampling.options import SamplingOptions
from ..sampling.sample import sample_motion
from ..weights.checkpoint import save_safetensors


@dataclass(frozen=True)
class TrainedStarter:
    """A trained motion model, its null audio (64,) and the statistics of its normalised space.

    `closure_threshold` is the closure above which its lips are meant to touch.
    """

    network: MotionMMDiT
    null_audio: Tensor
    stats: MotionStats
    closure_threshold: float = CLOSED

    def save(self, path: Path) -> None:
        """Write one safetensors file with the configuration in its metadata."""
        state = self.network.state_dict()
        tensors = {f"{MMDIT_PREFIX}{key}": tensor for key, tensor in state.items()}
        tensors["null_audio_feat"] = self.null_audio.reshape(1, 1, 1, 1, -1)
        tensors["motion_mean"], tensors["motion_std"] = self.stats.mean, self.stats.std
        tensors["closure_threshold"] = torch.tensor([self.closure_threshold])
        save_safetensors(path, tensors, self.network.config.metadata)

    def sample(
        self, waveform: np.ndarray, emotion: str = "none", seed: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Sample motion (N, 70) for mono speech at 16 kHz, with the product's defaults.

        Returns the model's own motion, and the motion that the product makes of it, de-normalised.
        """
        features = encode_speech((torch.from_numpy(waveform), SAMPLE_RATE))
        conditions = Conditions(
            features.values,
            torch.zeros(IDENTITY_DIM),
            torch.zeros(1, 1, MOTION_DIM),  # rest is the mean of the starter's statistics
            EmotionCurve.constant(emotion_weights(emotion)),
        )
        options = SamplingOptions(seed=seed)
        normalized = sample_motion(self.network, self.null_audio, conditions, options)
        finished = finish_at_rest(
            self.network, self.stats, self.closure_threshold, normalized, features, seed
        )
        return self.stats.denormalize(normalized), finished
