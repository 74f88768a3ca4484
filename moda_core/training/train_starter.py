"""Train the starter's motion model on synthetic speech: ``python run.py train-starter``."""

import argparse
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ..bundles.starter import STARTER_WEIGHTS
from ..mmdit.config import STARTER, MMDiTConfig
from ..mmdit.model import MotionMMDiT
from . import flite, played_music
from .augment import Backgrounds
from .batches import Batch, BatchSampler, Corpus, motion_stats
from .dataset import espeak_clips, flite_train_clips, hibari_clips, silent_clips
from .flow_loss import NULL_AUDIO, FlowLoss
from .hearing import choose_closure_threshold, train_audio_embedder, train_detectors
from .initialization import new_network
from .lip_sync_expert import LipSyncLoss, train_expert
from .optimization import RunningAverage, optimize
from .trained import TrainedStarter

logger = logging.getLogger(__name__)

LIP_SYNC_WEIGHT = 0.1
NUM_SILENT_CLIPS = 100
CALIBRATION_BATCHES = 50
# Of the windows: two natural voices beside espeak-ng's many, and no voice.
SHARES = {"espeak": 0.36, "flite": 0.14, "hibari": 0.40, "silence": 0.10}
DETECTOR_SILENCE = 0.4  # share of silence, noise and music where voices are told from them
COUNTS = {
    "--steps": "num_steps",
    "--lip-steps": "num_lip_steps",
    "--embedder-steps": "num_embedder_steps",
    "--clips": "num_clips",
    "--flite-clips": "num_flite_clips",
    "--hibari-clips": "num_hibari_clips",
    "--seed": "seed",
}  # options of the command, by fields of `TrainingOptions`


@dataclass(frozen=True)
class TrainingOptions:
    """Settings of the training; the defaults reproduce the shipped weights.

    Parameters
    ----------
    num_embedder_steps, num_detector_steps, num_steps, num_lip_steps : int
        Of the audio embedder alone, of the detectors of voices and of closed lips, of the motion
        model, which leaves the embedder as it is, and of the motion model with misleading lips
        (see `FlowLoss`), the only stage with the expert.
    batch_size, embedder_batch_size : int
        Windows per step.
    num_clips, num_flite_clips, num_hibari_clips : int
        Clips spoken by espeak-ng, flite and hibari-tts; `SHARES` says how often they are drawn.
    embedder_learning_rate, learning_rate, lip_learning_rate : float
        Peak of each stage after the warm-up, from which it falls along a cosine.
    average : float
        Decay of the running average of the weights, which is shipped.
    lip_sync_weight : float
        Of the Lip-motion Sync Expert's score in the loss; 0 leaves it out.
    num_expert_steps : int
        Of the expert's own training.
    """

    num_embedder_steps: int = 4000
    num_detector_steps: int = 1600
    num_steps: int = 1700
    num_lip_steps: int = 400
    batch_size: int = 16
    embedder_batch_size: int = 16
    num_clips: int = 2000
    num_flite_clips: int = 300
    num_hibari_clips: int = 1000
    embedder_learning_rate: float = 2.2e-3
    learning_rate: float = 1.5e-3
    lip_learning_rate: float = 6e-4
    average: float = 0.998
    lip_sync_weight: float = 0.0
    num_expert_steps: int = 1000
    seed: int = 0


def train_stage(
    name: str,
    network: MotionMMDiT,
    loss: Callable[[Batch], Tensor],
    sampler: BatchSampler,
    options: TrainingOptions,
) -> None:
    """Train the network with one loss, and load its averaged weights."""
    num_steps, learning_rate = {
        "motion": (options.num_steps, options.learning_rate),
        "lips": (options.num_lip_steps, options.lip_learning_rate),
    }[name]
    average = RunningAverage(network, options.average)
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]

    def loss_of_step(step: int) -> Tensor:
        return loss(sampler.draw(options.batch_size))

    optimize(name, parameters, loss_of_step, num_steps, learning_rate, average.update)
    network.load_state_dict(average.state)


def speak(options: TrainingOptions) -> Corpus:
    """Speak the training set."""
    flite.require()
    played_music.require()
    seed = options.seed + 1
    sources = {  # the one whose packages may be missing comes first
        "hibari": hibari_clips(options.num_hibari_clips, seed),
        "espeak": espeak_clips(options.num_clips, seed),
        "flite": flite_train_clips(options.num_flite_clips, seed),
        "silence": silent_clips(NUM_SILENT_CLIPS, seed),
    }
    corpora = {}
    for name, clips in sources.items():
        logger.info("Speaking: %s", name)
        corpora[name] = Corpus.from_clips(clips)
    return Corpus.join([(corpora[name], share) for name, share in SHARES.items()])


def train(
    corpus: Corpus,
    backgrounds: Backgrounds,
    config: MMDiTConfig = STARTER,
    options: TrainingOptions | None = None,
) -> TrainedStarter:
    """Train a motion model from scratch."""
    options = options or TrainingOptions()
    stats = motion_stats(corpus)
    network = new_network(config, stats.std > 0, options.seed)
    control_std = corpus.controls.std(dim=0).clamp(min=0.1)

    def start_stage(stage: int, drawn: Corpus = corpus) -> tuple[BatchSampler, FlowLoss]:
        seed = options.seed + stage
        sampler = BatchSampler(drawn, backgrounds, stats, config.audio_context, seed)
        return sampler, FlowLoss(network, stats, control_std, seed)

    train_audio_embedder(
        network,
        start_stage(0)[0],
        options.num_embedder_steps,
        options.embedder_batch_size,
        options.embedder_learning_rate,
        options.seed,
    )
    train_detectors(
        network,
        start_stage(3, corpus.with_silence(DETECTOR_SILENCE))[0],
        options.num_detector_steps,
        options.embedder_batch_size,
        options.learning_rate,
    )
    for part in (network.audio_embedder, network.hearing_head):
        part.requires_grad_(False)
    sampler, loss = start_stage(0)
    train_stage("motion", network, loss, sampler, options)
    lip_sync = None
    if options.lip_sync_weight > 0:
        expert = train_expert(start_stage(1)[0], options.seed, options.num_expert_steps)
        lip_sync = LipSyncLoss(expert, stats, options.lip_sync_weight)
    sampler, loss = start_stage(2)
    late_loss = partial(loss, mislead_lips=True, lip_sync=lip_sync)
    train_stage("lips", network, late_loss, sampler, options)
    null_audio = torch.full((config.audio_width,), NULL_AUDIO)
    threshold = choose_closure_threshold(
        network, start_stage(4)[0], CALIBRATION_BATCHES, options.embedder_batch_size
    )
    return TrainedStarter(network.eval(), null_audio, stats, threshold)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    defaults = TrainingOptions()
    parser = argparse.ArgumentParser(prog="train-starter", description=__doc__)
    expert = "add the Lip-motion Sync Expert's score to the loss"
    parser.add_argument("--lip-sync-expert", action="store_true", help=expert)
    for option, field in COUNTS.items():
        default = getattr(defaults, field)
        parser.add_argument(option, dest=field, metavar="N", type=int, default=default)
    parser.add_argument("--out", type=Path, default=STARTER_WEIGHTS.parent)
    return parser


def train_and_save(arguments: argparse.Namespace) -> dict:
    """Train and write ``starter.safetensors``.

    Returns the options and the time in minutes. Raises a `MoDAError` if espeak-ng is missing.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)  # two threads on a busy machine are slower than one
    counts = {field: getattr(arguments, field) for field in COUNTS.values()}
    lip_sync_weight = LIP_SYNC_WEIGHT if arguments.lip_sync_expert else 0.0
    options = TrainingOptions(**counts, lip_sync_weight=lip_sync_weight)
    started = time.monotonic()
    corpus, backgrounds = speak(options), Backgrounds.make(options.seed + 1)
    starter = train(corpus, backgrounds, options=options)
    minutes = (time.monotonic() - started) / 60
    arguments.out.mkdir(parents=True, exist_ok=True)
    starter.save(arguments.out / STARTER_WEIGHTS.name)
    return {"options": asdict(options), "training_minutes": round(minutes, 1)}
