import json

import numpy as np
import pytest
import torch

from moda_core.emotion.labels import emotion_weights
from moda_core.mmdit.config import MMDiTConfig, read_config
from moda_core.mmdit.hearing import CONTEXT
from moda_core.runtime.threads import one_thread
from moda_core.training.augment import Backgrounds
from moda_core.training.batches import BatchSampler, Corpus, motion_stats, rest_motion
from moda_core.training.dataset import make_clip
from moda_core.training.espeak import Phone
from moda_core.training.initialization import new_network
from moda_core.training.lip_sync_expert import contrastive_loss
from moda_core.training.optimization import RunningAverage, learning_rate_at
from moda_core.training.train_starter import TrainingOptions, train
from moda_core.weights.checkpoint import read_safetensors
from tests.bench.bench_starter import load_trained
from tests.bench.starter_measures import EnergyComparator, compare_lips, count_blinks, f1_score
from tests.bench.train_starter import write_evaluation

TINY = MMDiTConfig(
    width=80,
    num_heads=2,
    num_four_stream=1,
    num_double_stream=1,
    num_single_stream=1,
    audio_layers=4,
    audio_width=64,
    audio_context=CONTEXT,
    mlp_ratio=1,
    hearing_width=20,
)
QUICK = TrainingOptions(
    num_embedder_steps=1,
    num_detector_steps=1,
    num_steps=1,
    num_lip_steps=1,
    batch_size=2,
    embedder_batch_size=2,
)


@pytest.fixture(autouse=True)
def on_one_thread():
    with one_thread():
        yield


@pytest.fixture(scope="module")
def clips():
    random = np.random.default_rng(0)
    made = []
    for index in range(3):
        samples = 0.2 * random.standard_normal(16000 * 4)
        samples *= np.sin(np.arange(16000 * 4) / 3000) ** 2
        phones = [Phone("ma"[i % 2], 0.2 * i, 0.2 * (i + 1)) for i in range(20)]
        made.append(make_clip(f"clip {index}", samples.astype(np.float32), phones, random))
    return made


@pytest.fixture(scope="module")
def corpus(clips):
    return Corpus.from_clips(clips)


@pytest.fixture(scope="module")
def backgrounds():
    return Backgrounds.make(seed=0, num_composed=1, num_played=0, seconds=8)


def test_same_seed_trains_the_same_weights(corpus, backgrounds):
    first, second = (train(corpus, backgrounds, TINY, QUICK).network.state_dict() for _ in range(2))

    for key, tensor in first.items():
        torch.testing.assert_close(tensor, second[key], rtol=0, atol=0, msg=key)


def test_weights_file_holds_the_config_and_reads_back(corpus, backgrounds, tmp_path):
    starter = train(corpus, backgrounds, TINY, QUICK)
    starter.save(tmp_path / "starter.safetensors")

    tensors, metadata = read_safetensors(tmp_path / "starter.safetensors")
    loaded = load_trained(tmp_path / "starter.safetensors")

    assert read_config(metadata) == TINY
    assert tensors["null_audio_feat"].shape == (1, 1, 1, 1, 64)
    assert tensors["motion_std"].shape == (70,)
    expected = starter.network.state_dict()
    for key, tensor in loaded.network.state_dict().items():
        torch.testing.assert_close(tensor, expected[key])


def test_rest_is_zero_in_the_normalised_space(corpus):
    stats = motion_stats(corpus)

    assert stats.normalize(rest_motion()).abs().max() < 1e-3


def test_new_network_predicts_the_noisy_motion_and_leaves_still_dims(corpus):
    moving = motion_stats(corpus).std > 0
    network = new_network(TINY, moving, seed=0)
    motion = torch.randn(1, 80, 140)
    audio, identity = torch.zeros(1, 80, CONTEXT, 4, 64), torch.zeros(1, 63)

    velocity = network(motion, torch.ones(1), audio, identity, emotion_weights("none")[None])

    assert velocity[..., ~moving].abs().max() == 0
    pair = torch.stack([velocity[..., moving].flatten(), motion[..., 70:][..., moving].flatten()])
    assert torch.corrcoef(pair)[0, 1] > 0.8


def test_identity_makes_no_difference(corpus, backgrounds):
    network = train(corpus, backgrounds, TINY, QUICK).network
    motion, audio = torch.randn(1, 80, 140), torch.rand(1, 80, CONTEXT, 4, 64)
    emotion = emotion_weights("fear")[None]

    with torch.no_grad():
        faces = [
            network(motion, torch.ones(1), audio, face, emotion) for face in torch.randn(2, 1, 63)
        ]

    torch.testing.assert_close(faces[0], faces[1])


def test_windows_at_the_start_continue_the_rest_pose(corpus, backgrounds):
    sampler = BatchSampler(corpus, backgrounds, motion_stats(corpus), context=3, seed=0)

    batch = sampler.draw(64)

    resting = batch.previous.abs().sum(dim=(1, 2)) == 0
    assert 1 <= resting.sum() < 32
    assert batch.features.shape == (64, 80, 3, 4, 64)
    assert batch.features.min() == 0


def test_windows_are_drawn_from_each_source_in_its_share(clips):
    speech, silence = Corpus.from_clips(clips[:2]), Corpus.from_clips(clips[2:])

    joined = Corpus.join([(speech, 0.9), (silence, 0.1)])

    assert joined.weights[:2].sum() == pytest.approx(0.9)
    assert joined.weights[2] == pytest.approx(0.1)
    first = int(joined.starts[2])
    torch.testing.assert_close(joined.controls[first:], clips[2].controls)


def test_audio_is_dropped_only_where_there_is_no_emotion(corpus, backgrounds):
    batch = BatchSampler(corpus, backgrounds, motion_stats(corpus), context=3, seed=1).draw(128)

    without = batch.emotion[batch.null_audio]

    assert len(without) > 0
    torch.testing.assert_close(without, emotion_weights("none").expand_as(without))


def test_learning_rate_warms_up_and_falls():
    rates = [learning_rate_at(step, 1000, 1.0) for step in (0, 50, 100, 500, 999)]

    assert rates[0] < rates[1] < rates[2]
    assert rates[2] > rates[3] > rates[4]


def test_running_average_ends_between_first_and_last_weights():
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(0.0)
    average = RunningAverage(layer, decay=0.5)
    layer.weight.data.fill_(1.0)

    for step in (50, 51):
        average.update(step)

    assert float(average.state["weight"]) == pytest.approx(0.75)


def test_contrastive_loss_prefers_matching_moments():
    moments = torch.nn.functional.normalize(torch.randn(16, 8), dim=-1)

    assert contrastive_loss(moments, moments) < contrastive_loss(moments, moments.roll(1, 0))


def test_perfect_lips_have_perfect_figures():
    lips = np.random.default_rng(0).random((50, 3))

    figures = compare_lips(lips, lips)

    assert figures["jaw"]["correlation"] == pytest.approx(1)
    assert figures["width"]["variance_ratio"] == pytest.approx(1)
    assert figures["bilabial_f1"] == 1


def test_f1_counts_hits_against_both_sides():
    predicted, target = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)

    assert f1_score(predicted, target) == 0.5


def test_training_mean_explains_nothing(clips):
    figures = EnergyComparator(clips).compare(clips)

    assert figures["training_mean"]["jaw"]["correlation"] == 0
    assert figures["lagged_energy"]["jaw"]["correlation"] > 0


def test_blinks_are_counted_once_each():
    assert count_blinks(np.array([0, 0.9, 1, 0.8, 0.1, 0, 0.7, 0])) == 2


def test_evaluation_keeps_the_other_variant(tmp_path):
    path = tmp_path / "starter_evaluation.json"
    write_evaluation(path, "with_lip_sync_expert", {"a": 1})
    write_evaluation(path, "without_lip_sync_expert", {"a": 2})

    stored = json.loads(path.read_text())

    assert stored["shipped"] == "without_lip_sync_expert"
    assert stored["with_lip_sync_expert"] == {"a": 1}
