"""What the browser test makes of a page's report."""

import pytest

from tests.browser.__main__ import quick_start
from tests.browser.findings import layout_problems, our_messages, overlaps, template_problems

LOCAL = "http://127.0.0.1:8199"
SCHEMAS = {"Show": {"input": {"required": {"size": ["INT", {"default": 1}]}}}}
WORKFLOW = {
    "version": 0.4,
    "nodes": [{"id": 1, "type": "Show", "widgets_values": [8]}],
    "links": [],
}


def box(node_id, *rect):
    return {"id": node_id, "type": "Show", "rect": rect}


def report(size=8, **changes):
    prompt = {"1": {"class_type": "Show", "inputs": {"size": size, "player": ""}}}
    return {"missing": [], "prompt": prompt, "nodes": [box(1, 0, 0, 9, 9)], "cut": [], **changes}


def test_nodes_that_touch_do_not_overlap():
    assert not overlaps([box(1, 0, 0, 100, 50), box(2, 100, 0, 100, 50), box(3, 0, 50, 100, 50)])


def test_nodes_that_lie_on_each_other_are_named_with_the_size_of_the_overlap():
    found = overlaps([box(1, 0, 0, 100, 50), box(2, 90, 20, 100, 100)])

    assert found == ["Show 1 and Show 2 overlap by 10 x 30"]


def test_a_node_that_is_not_drawn_is_a_problem_and_overlaps_nothing():
    nodes = [{**box(1, 0, 0, 9, 9), "hidden": True}, box(2, 0, 0, 9, 9)]

    assert layout_problems({"nodes": nodes, "cut": []}) == ["Show 1 is not drawn"]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("Failed to load resource: status of 404 (Not Found)", f"{LOCAL}/api/userdata/user.css"),
        ("Failed to load resource: net::ERR_NAME_NOT_RESOLVED", "https://api.comfy.org/releases"),
        ("Failed to load resource: status of 404", f"{LOCAL}/api/view?filename=x&type=input"),
        ("Error fetching file size: TypeError: Failed to fetch\n at x", f"{LOCAL}/assets/a.js"),
    ],
)
def test_what_every_page_says_offline_is_left_out(text, url):
    assert not our_messages([{"kind": "error", "text": text, "url": url}])


@pytest.mark.parametrize(
    ("kind", "text", "url"),
    [
        ("error", "TypeError: x is undefined", f"{LOCAL}/assets/index.js"),
        ("error", "Failed to load resource: status of 404", f"{LOCAL}/api/view?type=output"),
        ("warning", "deprecated", f"{LOCAL}/extensions/ComfyUI-MoDA/js/a.js"),
    ],
)
def test_other_errors_and_our_own_warnings_are_kept(kind, text, url):
    assert len(our_messages([{"kind": kind, "text": text, "url": url}])) == 1


def test_a_good_page_has_no_problems():
    assert not template_problems(report(), WORKFLOW, SCHEMAS)


def test_a_prompt_that_differs_from_the_pages_is_a_problem():
    (problem,) = template_problems(report(size=9), WORKFLOW, SCHEMAS)

    assert problem.startswith("node 1: the page sends")


def test_a_node_type_that_the_page_lacks_is_a_problem():
    (problem,) = template_problems(report(missing=["Show"]), WORKFLOW, SCHEMAS)

    assert "does not know the node type Show" in problem


@pytest.mark.parametrize(("offer", "count"), [(True, 0), (False, 1)])
def test_a_page_that_does_not_offer_a_missing_model_is_a_problem(offer, count):
    node = {**WORKFLOW["nodes"][0], "properties": {"models": [{"name": "a.safetensors"}]}}

    problems = template_problems(report(offer=offer), {**WORKFLOW, "nodes": [node]}, SCHEMAS)

    assert len(problems) == count


def test_a_run_that_could_not_be_cancelled_is_a_problem():
    success = {"name": "execution_success", "detail": {}}
    ran = {"end": success, "nodes": [], "cut": []}

    (problem,) = template_problems(report(ran=ran, cancelled={"end": success}), WORKFLOW, SCHEMAS)

    assert "was to be cancelled ended with execution_success" in problem


def test_a_run_that_failed_says_where_and_why():
    detail = {"node_type": "Show", "exception_message": "No face.", "traceback": []}
    ran = {"end": {"name": "execution_error", "detail": detail}, "nodes": [], "cut": []}

    (problem,) = template_problems(report(ran=ran), WORKFLOW, SCHEMAS)

    assert problem == "the run ended with execution_error: Show No face."


def test_the_quick_start_is_found_by_its_name():
    names = ["moda_quick_start", "starter_all_in_one", "01-Starter-Quick-Start"]

    assert quick_start(names) == "01-Starter-Quick-Start"
    with pytest.raises(ValueError, match="No template is the starter's quick start"):
        quick_start(["moda_quick_start"])
