"""Pretraining of the audio embedder, which learns lips and stress before the motion."""

import torch
from torch import Tensor, nn

from ..mmdit.embedders import AudioEmbedder
from ..motion.controls import CONTROLS
from .batches import Batch, BatchSampler
from .optimization import optimize

HEARD_CONTROLS = [CONTROLS.index(name) for name in ("jaw", "close", "width", "brow")]
HEARD_PITCH = 3  # column of `Performance.head`


def _heard(controls: Tensor, head: Tensor) -> Tensor:
    return torch.cat([controls[..., HEARD_CONTROLS], head[..., HEARD_PITCH, None]], dim=-1)


def train_audio_embedder(
    embedder: AudioEmbedder,
    sampler: BatchSampler,
    num_steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> nn.Linear:
    """Train the embedder by regression, at a tenth of the cost of a step of the whole model."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = nn.Linear(embedder.proj3.out_features, len(HEARD_CONTROLS) + 1)
    corpus = sampler.corpus
    all_frames = _heard(corpus.controls, corpus.head)
    mean, std = all_frames.mean(dim=0), all_frames.std(dim=0)

    def loss_of_step(step: int) -> Tensor:
        batch: Batch = sampler.draw(batch_size)
        target = (_heard(batch.controls, batch.head) - mean) / std
        error = head(embedder(batch.features)) - target
        return (error.square() * batch.mask).mean()

    parameters = [*embedder.parameters(), *head.parameters()]
    optimize("audio embedder", parameters, loss_of_step, num_steps, learning_rate)
    return head
