"""Which attention heads' perturbation guides towards an objective, and what it gains elsewhere.

`python run.py bench head-search [OBJECTIVE] [MODELS] [HEADS]`: one of the objectives, or "all"; the
folder of the released models, default the starter; heads to try, such as "0:0, 3:1", default all.
Heads are found on some synthetic sentences, voices, seeds and one portrait, and measured on others.
Needs espeak-ng, and flite for a part of the figures. `--long` hears more.
"""

import time
from collections.abc import Sequence

import numpy as np

from moda_core.bundles.bundle import Bundle
from moda_core.bundles.load import load_released, load_starter
from moda_core.example import PORTRAIT, SECOND_PORTRAIT
from moda_core.motion.checks import check_choice
from moda_core.runtime.threads import one_thread
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.perturbation import Head, HeadPerturbation, heads_text, parse_heads
from moda_core.training.dataset import Clip
from moda_core.training.espeak import Espeak

from .head_search import OBJECTIVES, Material, compare, greedy_heads, objective_score
from .held_out_speech import TEST_SENTENCES, VARIANTS, espeak_clip, flite_test_clips
from .progress import Progress

U, W = 1.0, 2.0
ROUNDS = 3
HEADS_PER_ROUND = 24  # of as many heads one is added at once
SEARCH_CLIPS, LONG_SEARCH_CLIPS = 6, 12
SEARCH_SEEDS, HELD_OUT_SEEDS = (11,), (21, 22)
REPEATS = 3
REQUIRED = {"gain": "above 2 standard errors on speech, seeds and a portrait that were not seen"}


def spoken(sentences: Sequence[str], variants: Sequence[str], seed: int) -> list[Clip]:
    """Speak sentences, each with one of the voices of espeak-ng."""
    espeak = Espeak()
    return [
        espeak_clip(
            espeak,
            text,
            f"en-us+{variants[index % len(variants)]}",
            np.random.default_rng([seed, index]),
        )
        for index, text in enumerate(sentences)
    ]


def materials(bundle: Bundle, long: bool) -> tuple[Material, Material]:
    """Return what heads are searched on, and what they are measured on."""
    half, variants = len(TEST_SENTENCES) // 2, VARIANTS.split()
    seen, unseen = variants[: len(variants) // 2], variants[len(variants) // 2 :]
    num_seen = LONG_SEARCH_CLIPS if long else SEARCH_CLIPS
    first = spoken(TEST_SENTENCES[:half][:num_seen], seen, 4714)
    second = spoken(TEST_SENTENCES[half:], unseen, 4715)
    if long:
        second += flite_test_clips(6)
    return (
        Material(bundle, bundle.portrait(PORTRAIT), first, SEARCH_SEEDS),
        Material(bundle, bundle.portrait(SECOND_PORTRAIT), second, HELD_OUT_SEEDS),
    )


def times_longer(material: Material, perturbation: HeadPerturbation) -> float:
    """Return the time of sampling with guidance over that without, on one clip."""
    seconds = {None: np.inf, perturbation: np.inf}
    for _ in range(REPEATS):
        for way in seconds:
            start, options = time.perf_counter(), SamplingOptions(perturbation=way)
            material.bundle.perform(material.portrait, material.encoded[0], options=options)
            seconds[way] = min(seconds[way], time.perf_counter() - start)
    return seconds[perturbation] / seconds[None]


def search(
    objective: str, material: Material, candidates: Sequence[Head], progress: Progress
) -> tuple[Head, ...]:
    """Find heads for an objective; each set of heads is measured once."""

    def score(heads: tuple[Head, ...]) -> float:
        asked = HeadPerturbation(tuple(sorted(heads)), U, W) if heads else None
        found = objective_score(objective, material.means(asked), material.means(None))
        progress(f"{objective} with {heads_text(heads) or 'no head'}: {found:.4f}")
        return found

    return greedy_heads(score, candidates, max(1, len(candidates) // HEADS_PER_ROUND), ROUNDS)


def objective_figures(
    objective: str, seen: Material, unseen: Material, heads: tuple[Head, ...]
) -> dict:
    """Return what the heads of an objective gain, and cost."""
    if not heads:
        return {"heads": "", "gains_on_unseen": False}
    found = HeadPerturbation(tuple(sorted(heads)), U, W)
    figures = compare(objective, unseen, found)
    return {
        "heads": heads_text(heads),
        "times_longer": times_longer(unseen, found),
        "gains_on_unseen": figures["gain"] > 2 * figures["standard_error"],
        "seen": compare(objective, seen, found),
        "unseen": figures,
    }


@one_thread()
def run(
    objective: str = "closure",
    models: str = "",
    heads: str = "",
    *,
    long: bool = False,
    device: str = "cpu",
    dtype: str = "float32",
) -> dict:
    """Search and measure; return the figures of each objective."""
    check_choice("objective", objective, (*OBJECTIVES, "all"))
    bundle = load_released(models, device) if models else load_starter(device)
    config = bundle.model.network.config
    every = [(b, h) for b in range(config.num_blocks) for h in range(config.num_heads)]
    candidates = parse_heads(heads) or every
    HeadPerturbation(tuple(candidates)).shares(config)  # checks them
    seen, unseen = materials(bundle, long)
    asked = list(OBJECTIVES) if objective == "all" else [objective]
    tried = sum(len(candidates) - done for done in range(ROUNDS)) + ROUNDS + 1
    progress, figures = Progress("head-search", tried * len(asked)), {}
    for each in asked:
        chosen = search(each, seen, candidates, progress)
        figures[each] = objective_figures(each, seen, unseen, chosen)
    return {
        "dtype": "float32",
        "model": bundle.model.name,
        "blocks": config.num_blocks,
        "heads": config.num_heads,
        "u": U,
        "w": W,
        "objectives": figures,
        "required": REQUIRED,
    }
