"""Pretraining of the audio embedder, which learns lips, stress and sounds before the motion."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..mmdit.hearing import HearingEmbedder
from ..mmdit.model import MotionMMDiT
from ..motion.controls import CONTROLS
from .batches import Batch, BatchSampler
from .optimization import optimize
from .visemes import NUM_SOUND_CLASSES, PAUSE_CLASS

HEARD_CONTROLS = [CONTROLS.index(name) for name in ("jaw", "close", "width", "brow")]
HEARD_PITCH = 3  # column of `Performance.head`
SOUND_WEIGHT = 0.2  # of the loss on the classes of the sounds


def _heard(controls: Tensor, head: Tensor) -> Tensor:
    return torch.cat([controls[..., HEARD_CONTROLS], head[..., HEARD_PITCH, None]], dim=-1)


def train_audio_embedder(
    embedder: HearingEmbedder,
    width: int,
    sampler: BatchSampler,
    num_steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> None:
    """Train the embedder by regression and by recognition, at half a step's cost."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        num_heard = len(HEARD_CONTROLS) + 1
        head = nn.Linear(width, num_heard + NUM_SOUND_CLASSES)
    corpus = sampler.corpus
    all_frames = _heard(corpus.controls, corpus.head)
    mean, std = all_frames.mean(dim=0), all_frames.std(dim=0)

    def loss_of_step(step: int) -> Tensor:
        batch: Batch = sampler.draw(batch_size)
        target = (_heard(batch.controls, batch.head) - mean) / std
        found = head(embedder(batch.features))
        error = found[..., :num_heard] - target
        logits = found[..., num_heard:].mT
        sounds = F.cross_entropy(logits, batch.sounds, reduction="none")[..., None]
        loss = error.square().mean(dim=-1, keepdim=True) + SOUND_WEIGHT * sounds
        return (loss * batch.mask).mean()

    parameters = [*embedder.parameters(), *head.parameters()]
    optimize("audio embedder", parameters, loss_of_step, num_steps, learning_rate)


def train_voice_detector(
    network: MotionMMDiT,
    sampler: BatchSampler,
    num_steps: int,
    batch_size: int,
    learning_rate: float,
) -> None:
    """Train the detector to tell voices from pauses, noise and music by the embedder's tokens."""

    def loss_of_step(step: int) -> Tensor:
        batch = sampler.draw(batch_size)
        with torch.no_grad():
            tokens = network.audio_embedder(batch.features)
        spoken = (batch.sounds != PAUSE_CLASS).float()
        loss = F.binary_cross_entropy_with_logits(
            network.voice_detector(tokens), spoken, reduction="none"
        )
        return (loss * batch.mask[..., 0]).mean()

    parameters = list(network.voice_detector.parameters())
    optimize("voice", parameters, loss_of_step, num_steps, learning_rate)
