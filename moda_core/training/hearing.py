"""Pretraining of the audio embedder, which learns lips, stress and sounds before the motion."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..bundles.performance import CLOSED
from ..mmdit.model import MotionMMDiT
from ..motion.controls import CONTROLS
from .batches import Batch, BatchSampler
from .optimization import optimize
from .targets import LIP_COLUMNS, LIPS
from .visemes import NUM_SOUND_CLASSES, PAUSE_CLASS

HEARD_CONTROLS = [*LIP_COLUMNS, CONTROLS.index("brow")]
HEARD_PITCH = 3  # column of `Performance.head`
CLOSE = LIPS.index("close")
THRESHOLDS = np.linspace(0.2, 0.8, 61)  # of the closure, to choose from
SOUND_WEIGHT = 0.2  # of the loss on the classes of the sounds


def _heard(controls: Tensor, head: Tensor) -> Tensor:
    return torch.cat([controls[..., HEARD_CONTROLS], head[..., HEARD_PITCH, None]], dim=-1)


def train_audio_embedder(
    network: MotionMMDiT,
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
        head = nn.Linear(network.config.width, num_heard + NUM_SOUND_CLASSES)
    corpus = sampler.corpus
    all_frames = _heard(corpus.controls, corpus.head)
    mean, std = all_frames.mean(dim=0), all_frames.std(dim=0)

    def loss_of_step(step: int) -> Tensor:
        batch: Batch = sampler.draw(batch_size)
        target = (_heard(batch.controls, batch.head) - mean) / std
        found = head(network.audio_embedder(batch.features))
        error = found[..., :num_heard] - target
        logits = found[..., num_heard:].mT
        sounds = F.cross_entropy(logits, batch.sounds, reduction="none")[..., None]
        loss = error.square().mean(dim=-1, keepdim=True) + SOUND_WEIGHT * sounds
        return (loss * batch.mask).mean()

    parameters = [*network.audio_embedder.parameters(), *head.parameters()]
    optimize("audio embedder", parameters, loss_of_step, num_steps, learning_rate)
    lips, num_lips = network.hearing_head.lips, len(LIPS)
    with torch.no_grad():
        lips.weight.copy_(std[:num_lips, None] * head.weight[:num_lips])
        lips.bias.copy_(std[:num_lips] * head.bias[:num_lips] + mean[:num_lips])


def train_detectors(
    network: MotionMMDiT,
    sampler: BatchSampler,
    num_steps: int,
    batch_size: int,
    learning_rate: float,
) -> None:
    """Train the head's detectors of voices and of closed lips by the embedder's tokens."""
    voice, touch = network.hearing_head.voice, network.hearing_head.touch

    def loss_of_step(step: int) -> Tensor:
        batch = sampler.draw(batch_size)
        with torch.no_grad():
            tokens = network.audio_embedder(batch.features)
        spoken = batch.sounds != PAUSE_CLASS
        closed = batch.controls[..., LIP_COLUMNS[CLOSE]] > CLOSED
        loss = sum(
            F.binary_cross_entropy_with_logits(detector(tokens), kind.float(), reduction="none")
            for detector, kind in ((voice, spoken), (touch, closed))
        )
        return (loss * batch.mask[..., 0]).mean()

    parameters = [*voice.parameters(), *touch.parameters()]
    optimize("detectors", parameters, loss_of_step, num_steps, learning_rate)


@torch.no_grad()
def choose_closure_threshold(
    network: MotionMMDiT, sampler: BatchSampler, num_batches: int, batch_size: int
) -> float:
    """Return the closure above which the heard lips touch most often when they should."""
    heard, wanted = [], []
    for _ in range(num_batches):
        batch = sampler.draw(batch_size)
        inside = batch.mask[..., 0] > 0
        lips = network.hearing_head(network.audio_embedder(batch.features)).lips
        heard.append(lips[inside][:, CLOSE].numpy())
        wanted.append(batch.controls[inside][:, LIP_COLUMNS[CLOSE]].numpy() > CLOSED)
    closure, closed = np.concatenate(heard), np.concatenate(wanted)
    scores = [f1_score(closure > threshold, closed) for threshold in THRESHOLDS]
    return float(THRESHOLDS[int(np.argmax(scores))])


def f1_score(predicted: np.ndarray, target: np.ndarray) -> float:
    """Return the F1 score of two boolean arrays by frame; 0 if both are empty."""
    total = predicted.sum() + target.sum()
    return float(2 * (predicted & target).sum() / total) if total else 0.0
