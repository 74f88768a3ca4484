"""What the host executes again, what it executes in a node's place, and how it is cancelled."""

import pytest

from .prompts import graph, node, number


def test_a_prompt_that_was_executed_is_cached_and_shows_the_same(tiny):
    tiny.run(graph())
    again = tiny.run(graph())

    assert (again.ran, sorted(again.cached)) == ([], ["1", "2"])
    assert again.ui == {"2": {"text": ["6"]}}


def test_a_changed_input_runs_that_node_and_those_after_it(tiny):
    prompt = {**graph(), "3": node("TinyAny", thing=["2", 0])}
    tiny.run(prompt)
    prompt["2"]["inputs"]["value"] = ["1", 0]

    again = tiny.run(prompt)

    assert (again.ran, again.cached) == (["2", "3"], ["1"])


def test_the_cache_holds_the_last_prompt_only(tiny):
    tiny.run(graph(number=3))
    tiny.run(graph(number=5))

    assert tiny.run(graph(number=3)).ran == ["1", "2"]


def test_two_nodes_that_are_alike_are_executed_once(tiny):
    twins = {"1": number(), "2": number(), "3": node("TinyAny", value=["1", 0])}
    twins["4"] = node("TinyAny", value=["2", 1])

    ran = tiny.run(twins).ran

    assert len({"1", "2"} & set(ran)) == 1


def test_nodes_that_say_so_are_executed_each(tiny):
    assert sorted(tiny.run({"1": node("TinyTwice"), "2": node("TinyTwice")}).ran) == ["1", "2"]


def test_a_new_fingerprint_runs_the_node_again(tiny, monkeypatch):
    from .tiny_nodes import TinyFile

    prompt = {"1": node("TinyFile", name="same", count=1)}
    tiny.run(prompt)
    assert tiny.run(prompt).ran == []
    monkeypatch.setattr(TinyFile, "marks", {"same": lambda: 2})

    assert tiny.run(prompt).ran == ["1"]


@pytest.mark.parametrize("marks", [{}, {"same": lambda: float("nan")}])
def test_a_fingerprint_that_fails_or_is_nan_runs_the_node_each_time(tiny, monkeypatch, marks):
    from .tiny_nodes import TinyFile

    monkeypatch.setattr(TinyFile, "marks", marks)
    prompt = {"1": node("TinyFile", name="same", count=1)}

    assert tiny.run(prompt).ran == ["1"]
    assert tiny.run({"1": node("TinyFile", name="same", count=1)}).ran == ["1"]


def test_a_fingerprint_sees_links_as_none(tiny, log):
    linked = {"1": number(), "2": node("TinyFile", name="same", count=["1", 0])}

    assert tiny.run(linked).error is None
    assert ("fingerprint", None) in log


def test_what_ran_before_a_failure_stays_cached(tiny):
    prompt = {"1": number(), "2": node("TinyFile", name="same", count=["1", 0])}
    failing = {**prompt, "3": node("TinyState", way="fail")}
    tiny.run(prompt)

    assert tiny.run(failing).cached == ["1", "2"]


def expanding(count=1, value=3):
    prompt = {"1": number(number=value), "2": node("TinyExpand", value=["1", 0], count=count)}
    return {**prompt, "3": node("TinyAny", value=["2", 0]), "4": node("TinyAny", value=["2", 1])}


def test_other_nodes_are_executed_in_the_place_of_one(tiny, log):
    result = tiny.run(expanding(count=2))

    assert ("raw", ["1", 0]) in log
    assert sorted(result.ran) == ["1", "2", "2.first", "2.second", "3", "4"]
    assert result.outputs["2"] == (3, 2)
    assert (result.ui["3"], result.ui["4"]) == ({"text": ["3"]}, {"text": ["2"]})


def test_what_stood_for_a_node_is_cached_by_itself(tiny):
    tiny.run(expanding(count=2))

    assert tiny.run(expanding(count=2)).ran == []
    assert sorted(tiny.run(expanding(count=3)).ran) == ["2", "2.second", "3", "4"]


def test_a_failure_inside_is_told_of_the_node_that_it_stands_for(tiny, monkeypatch):
    from .tiny_nodes import TinyFile

    monkeypatch.setattr(TinyFile, "execute", classmethod(lambda cls, **_: 1 / 0))
    result = tiny.run(expanding())

    assert (result.error_type, result.error_node) == ("ZeroDivisionError", "2")


def test_progress_and_previews_are_heard(tiny):
    tiny.run({"1": node("TinyWork", steps=3)})

    assert tiny.progress == [(1, 3), (2, 3), (3, 3)]
    assert tiny.previews[0] == ("JPEG", "picture 0", 64)


def test_cancel_takes_effect_at_the_next_update(tiny, log):
    tiny.cancel_after(2)

    result = tiny.run({"1": node("TinyWork", steps=9)})

    assert result.interrupted
    assert (result.error, result.outputs) == (None, {})
    assert log == [0, 1, 2, "cleaned"]


def test_cancel_after_a_nodes_last_update_stops_before_the_next_node(tiny):
    tiny.cancel_after(2)

    result = tiny.run({"1": node("TinyWork", steps=2), "2": node("TinyAny", value=["1", 0])})

    assert result.interrupted
    assert "1" in result.outputs
    assert "2" not in result.outputs


def test_a_cancelled_prompt_can_be_run_again(tiny):
    tiny.cancel_after(1)
    tiny.run({"1": node("TinyWork", steps=3)})

    assert tiny.run({"1": node("TinyWork", steps=3)}).outputs == {"1": (3,)}


def test_cancel_is_raised_once_where_it_is_polled(host):
    import comfy.model_management as management

    management.interrupt_current_processing()
    with pytest.raises(management.InterruptProcessingException):
        management.throw_exception_if_processing_interrupted()

    management.throw_exception_if_processing_interrupted()
