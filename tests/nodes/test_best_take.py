"""Several takes, and the best of them."""

import importlib

import pytest
import torch

from .acted_motion import HEAD, acted_motion
from .same_motion import assert_same_motion
from .starter_graph import SECONDS, starter_prompt


def inputs_of(parts, **inputs):
    values = {"model": parts.model, "audio_features": parts.features, "portrait": parts.portrait}
    return {**values, "audio": parts.speech, "steps": 2, **inputs}


def best(host, parts, **inputs):
    return host.call("MoDABestOfN", **inputs_of(parts, **inputs))


def sample(host, parts, **inputs):
    values = {key: value for key, value in inputs_of(parts, **inputs).items() if key != "audio"}
    return host.call("MoDASampleMotion", **values)[0]


def rows(ranking):
    return [line.split() for line in ranking.splitlines()[1:]]


def test_the_ranking_has_a_row_for_each_take_best_first(host, parts):
    _, ranking = best(host, parts, takes=3, seed=10)

    scores = [float(row[2]) for row in rows(ranking)]
    assert {int(row[1]) for row in rows(ranking)} == {10, 11, 12}
    assert scores == sorted(scores, reverse=True)


def test_the_motion_is_that_of_the_best_seed(host, parts):
    motion, ranking = best(host, parts, takes=3)

    expected = sample(host, parts, seed=int(rows(ranking)[0][1]))
    assert_same_motion(host, motion.values, expected.values)


def test_emotion_and_options_reach_the_takes(host, parts):
    (emotion,) = host.call("MoDAEmotion", label="anger")
    (options,) = host.call("MoDASolver", solver="midpoint")

    motion, _ = best(host, parts, takes=1, emotion=emotion, options=options, guidance=2.0)

    given = {"emotion": emotion, "options": options, "guidance": 2.0}
    assert_same_motion(host, motion.values, sample(host, parts, **given).values)


def test_takes_keep_a_held_head(host, parts):
    acted = acted_motion(parts, len(parts.motion))
    (options,) = host.call("MoDAHoldMotion", motion=acted)

    motion, _ = best(host, parts, takes=2, options=options)

    assert torch.equal(motion.values[:, HEAD], acted.values[:, HEAD])


def test_noise_of_one_motion_is_refused(host, parts):
    inputs = {key: inputs_of(parts)[key] for key in ("model", "audio_features", "portrait")}
    (options,) = host.call("MoDAInvertMotion", motion=parts.motion, steps=1, **inputs)

    with pytest.raises(ValueError, match="MoDA Sample Motion instead"):
        best(host, parts, options=options)


def test_the_largest_seed_is_followed_by_the_smallest(host, parts):
    _, ranking = best(host, parts, takes=2, seed=2**64 - 1)

    assert {int(row[1]) for row in rows(ranking)} == {2**64 - 1, 0}


def test_an_empty_sound_is_refused(host, parts):
    with pytest.raises(ValueError, match="There is no sound"):
        best(host, parts, audio={"waveform": torch.zeros(1, 1, 0), "sample_rate": 16000})


def test_room_is_made_for_all_takes(host, parts):
    sample(host, parts)
    best(host, parts, takes=5)

    (_, one), (patchers, five) = host.loads
    assert patchers == list(parts.model.patchers)
    assert five - one == pytest.approx(4 * 3 * 21e6)  # three rows each, besides what is shared


def test_another_sound_than_that_of_the_features_is_refused(host, parts):
    longer = {**parts.audio, "waveform": parts.audio["waveform"].repeat(1, 1, 2)}

    with pytest.raises(ValueError, match=r"features are of .* the linked sound has"):
        best(host, parts, takes=1, audio=longer)


def test_the_node_shows_the_scores(host, parts, monkeypatch):
    nodes_host = importlib.import_module(f"{host.pack.__name__}.nodes._host")
    shown = []
    monkeypatch.setattr(nodes_host, "show_text", lambda node_id, text: shown.append(text))

    _, ranking = best(host, parts, takes=2)

    (text,) = shown
    assert text.startswith(f"Best is seed {rows(ranking)[0][1]}. ")
    assert all(f"{row[1]}: {row[2]}" in text for row in rows(ranking))


def test_it_runs_in_a_graph_and_cancel_stops_it(host):
    prompt = starter_prompt(
        audio={"duration": SECONDS + 4}, motion={"audio": ["audio", 1], "takes": 2}
    )
    prompt["motion"]["class_type"] = "MoDABestOfN"
    host.cancel_after(4)

    cancelled = host.run(prompt)
    host.reset()
    prompt["audio"]["inputs"]["duration"] = SECONDS
    result = host.run(prompt)

    assert cancelled.interrupted
    assert result.error is None
    motion, ranking = result.outputs["motion"]
    assert len(motion) == 10
    assert len(rows(ranking)) == 2


def test_takes_are_ranked_as_before_unless_the_score_is_chosen(host, parts):
    _, before = best(host, parts, takes=2)
    _, chosen = best(host, parts, takes=2, rank_by="loudness and jerk")

    assert before == chosen
    assert "pose jerk" in before.splitlines()[0]


def test_takes_are_ranked_by_their_score(host, parts):
    motion, ranking = best(host, parts, takes=3, rank_by="score")

    scores = {}
    for seed in (42, 43, 44):
        take = sample(host, parts, seed=seed)
        scores[seed] = host.call("MoDAScore", motion=take, audio=parts.speech)[3]
    ranked = rows(ranking)
    assert [int(row[1]) for row in ranked] == sorted(scores, key=scores.get, reverse=True)
    assert float(ranked[0][2]) == pytest.approx(max(scores.values()), abs=2e-3)
    assert_same_motion(host, motion.values, sample(host, parts, seed=int(ranked[0][1])).values)


def test_the_choice_of_the_ranking_is_the_last_input(host):
    required, optional = (
        list(host.object_info("MoDABestOfN")["input"][kind]) for kind in ("required", "optional")
    )

    assert [*required, *optional][-1] == "rank_by"
