"""Lip-motion Sync Expert: scores the agreement of lips and speech, as a loss for training.

Two small encoders map a moment of speech and of lip motion to unit vectors, trained so that those
of one moment agree (InfoNCE, van den Oord et al. 2018). Frozen, the expert's disagreement with the
predicted clean lips is added to the flow loss.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..audio.log_mel import FRAMES_PER_VIDEO_FRAME, NUM_BANDS
from ..motion.controls import read
from ..motion.motion import MotionStats
from .batches import Batch, BatchSampler
from .optimization import optimize
from .targets import LIP_COLUMNS

EMBEDDING = 64
HIDDEN = 96
NEIGHBOURS = 5  # frames that each layer sees
ANCHOR_SPACING = 8  # frames between the compared moments of a window
TEMPERATURE = 0.1


class _MomentEncoder(nn.Module):
    """Two convolutions over time, to unit vectors."""

    def __init__(self, in_dim: int):
        super().__init__()
        padding = NEIGHBOURS // 2
        self.conv1 = nn.Conv1d(in_dim, HIDDEN, NEIGHBOURS, padding=padding)
        self.conv2 = nn.Conv1d(HIDDEN, HIDDEN, NEIGHBOURS, padding=padding)
        self.project = nn.Conv1d(HIDDEN, EMBEDDING, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Map (B, N, C) to unit vectors (B, N, 64)."""
        hidden = F.gelu(self.conv2(F.gelu(self.conv1(frames.transpose(1, 2)))))
        return F.normalize(self.project(hidden).transpose(1, 2), dim=-1)


class LipSyncExpert(nn.Module):
    """Contrastive scorer of speech and lips, normalised by their mean and deviation (3,)."""

    def __init__(self, lip_mean: Tensor, lip_std: Tensor):
        super().__init__()
        self.register_buffer("lip_mean", lip_mean)
        self.register_buffer("lip_std", lip_std)
        self.audio_encoder = _MomentEncoder(FRAMES_PER_VIDEO_FRAME * NUM_BANDS)
        self.lip_encoder = _MomentEncoder(len(LIP_COLUMNS))

    def hear(self, features: Tensor) -> Tensor:
        """Map features (B, N, context, 4, 64), of which the middle is used, to (B, N, 64)."""
        return self.audio_encoder(features[:, :, features.shape[2] // 2].flatten(2))

    def see(self, lips: Tensor) -> Tensor:
        """Map jaw, closure and width (B, N, 3) to (B, N, 64)."""
        return self.lip_encoder((lips - self.lip_mean) / self.lip_std)


def contrastive_loss(heard: Tensor, seen: Tensor) -> Tensor:
    """Return the InfoNCE loss of moments (M, 64) in both directions."""
    logits = heard @ seen.T / TEMPERATURE
    same = torch.arange(len(heard))
    return (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)) / 2


def train_expert(sampler: BatchSampler, seed: int, num_steps: int = 1500) -> LipSyncExpert:
    """Train the expert on windows of the corpus, and freeze it."""
    lips = sampler.corpus.controls[:, LIP_COLUMNS]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        expert = LipSyncExpert(lips.mean(dim=0), lips.std(dim=0))

    def loss_of_step(step: int) -> Tensor:
        batch = sampler.draw(24)
        heard, seen = expert.hear(batch.features), expert.see(batch.controls[..., LIP_COLUMNS])
        first = int(torch.randint(ANCHOR_SPACING, (1,), generator=sampler.random))
        chosen = torch.zeros(seen.shape[:2], dtype=torch.bool)
        chosen[:, first::ANCHOR_SPACING] = True
        # Pauses look alike everywhere, so they cannot be distinguished.
        chosen &= batch.controls[..., LIP_COLUMNS].abs().sum(dim=-1) > 0.35
        return contrastive_loss(heard[chosen], seen[chosen])

    optimize("lip-sync expert", list(expert.parameters()), loss_of_step, num_steps, 1e-3)
    return expert.eval().requires_grad_(False)


class LipSyncLoss:
    """Weighted disagreement of a frozen expert with predicted lips."""

    def __init__(self, expert: LipSyncExpert, stats: MotionStats, weight: float):
        self.expert, self.stats, self.weight = expert, stats, weight

    def __call__(self, clean: Tensor, batch: Batch) -> Tensor:
        """Return the weighted loss of clean motion (B, 80, 70)."""
        offset = (clean * self.stats.std)[..., :63]  # the mean is the rest pose
        seen = self.expert.see(read(offset)[..., LIP_COLUMNS])
        with torch.no_grad():
            heard = self.expert.hear(batch.features)
        disagreement = 1 - (heard * seen).sum(dim=-1, keepdim=True)
        audible = batch.mask * ~batch.null_audio[:, None, None]
        return self.weight * (disagreement * audible).mean()
