"""What users see of every node before it runs."""

import re

import pytest

LINKS = {
    "MoDALoadAudioEncoder": ((), ("MODA_AUDIO_ENCODER",)),
    "MoDALoadMotionModel": ((), ("MODA_MODEL",)),
    "MoDALoadRenderer": ((), ("MODA_RENDERER",)),
    "MoDAEncodeAudio": (("MODA_AUDIO_ENCODER", "AUDIO"), ("MODA_AUDIO_FEATURES", "AUDIO")),
    "MoDAExtractIdentity": (
        ("MODA_RENDERER", "IMAGE", "MASK", "MASK"),
        ("MODA_PORTRAIT", "IMAGE", "MASK", "STRING"),
    ),
    "MoDAEmotion": ((), ("MODA_EMOTION",)),
    "MoDASampleMotion": (
        ("MODA_MODEL", "MODA_AUDIO_FEATURES", "MODA_PORTRAIT", "MODA_EMOTION", "MODA_SAMPLING"),
        ("MODA_MOTION",),
    ),
    "MoDARenderVideo": (
        ("MODA_RENDERER", "MODA_PORTRAIT", "MODA_MOTION", "AUDIO", "VIDEO,IMAGE", "MASK"),
        ("VIDEO",),
    ),
    "MoDARenderFrames": (
        ("MODA_RENDERER", "MODA_PORTRAIT", "MODA_MOTION"),
        ("IMAGE", "MASK"),
    ),
    "MoDAPreviewMotion": (("MODA_MOTION", "AUDIO", "MODA_PORTRAIT"), ("IMAGE",)),
    "MoDATalkingPortrait": (("IMAGE", "AUDIO"), ("VIDEO", "MODA_MOTION")),
    "MoDAExample": ((), ("IMAGE", "AUDIO")),
    "MoDADownloadModels": ((), ("STRING",)),
    "MoDAMixMotion": (("MODA_MOTION",) * 5, ("MODA_MOTION",)),
    "MoDAPose": (("MODA_MOTION",), ("MODA_MOTION",)),
    "MoDAEyes": (("MODA_MOTION",), ("MODA_MOTION",)),
    "MoDALips": (("MODA_MOTION", "AUDIO"), ("MODA_MOTION",)),
    "MoDASmoothMotion": (("MODA_MOTION",), ("MODA_MOTION",)),
    "MoDARetimeMotion": (("MODA_MOTION",), ("MODA_MOTION",)),
    "MoDAFadeMotion": (("MODA_MOTION", "MODA_PORTRAIT"), ("MODA_MOTION",)),
    "MoDAIdleMotion": (("MODA_MOTION", "MODA_PORTRAIT"), ("MODA_MOTION",)),
    "MoDAConcatMotion": (("MODA_MOTION",) * 4, ("MODA_MOTION",)),
    "MoDASaveMotion": (("MODA_MOTION",), ("MODA_MOTION",)),
    "MoDALoadMotion": ((), ("MODA_MOTION",)),
    "MoDADirector": (("MODA_MOTION",), ("MODA_MOTION",)),
    "MoDAEmotionBlend": ((), ("MODA_EMOTION",)),
    "MoDAEmotionTimeline": ((), ("MODA_EMOTION",)),
    "MoDAGuidance": (("MODA_SAMPLING",), ("MODA_SAMPLING",)),
    "MoDASolver": (("SAMPLER", "SIGMAS", "MODA_SAMPLING"), ("MODA_SAMPLING",)),
    "MoDAWindows": (("MODA_SAMPLING",), ("MODA_SAMPLING",)),
    "MoDAHoldMotion": (("MODA_MOTION", "MODA_SAMPLING"), ("MODA_SAMPLING",)),
    "MoDAInvertMotion": (
        (
            *("MODA_MODEL", "MODA_MOTION", "MODA_AUDIO_FEATURES", "MODA_PORTRAIT"),
            *("MODA_EMOTION", "MODA_SAMPLING"),
        ),
        ("MODA_SAMPLING",),
    ),
    "MoDABestOfN": (
        (
            *("MODA_MODEL", "MODA_AUDIO_FEATURES", "MODA_PORTRAIT", "AUDIO"),
            *("MODA_EMOTION", "MODA_SAMPLING"),
        ),
        ("MODA_MOTION", "STRING"),
    ),
    "MoDATrackFace": (
        ("MODA_RENDERER", "VIDEO,IMAGE", "MASK"),
        ("MODA_PORTRAIT", "MODA_MOTION", "AUDIO", "IMAGE"),
    ),
    "MoDARelipVideo": (("VIDEO", "AUDIO"), ("VIDEO", "MODA_MOTION")),
    "MoDASpeaker": (("MODA_PORTRAIT", "MODA_CAST", "MODA_MOTION", "MASK"), ("MODA_CAST",)),
    "MoDAConversation": (
        (
            *("MODA_MODEL", "MODA_AUDIO_ENCODER", "MODA_CAST", *("AUDIO",) * 4),
            *("MODA_EMOTION", "MODA_SAMPLING"),
        ),
        ("MODA_CAST", "AUDIO"),
    ),
    "MoDARenderScene": (("MODA_RENDERER", "MODA_CAST", "AUDIO"), ("VIDEO",)),
    "MoDAExpression": (("MODA_PORTRAIT", "MODA_MOTION"), ("MODA_MOTION",)),
    "MoDALoadPictureFolder": ((), ("IMAGE", "STRING")),
    "MoDALoadSoundFolder": ((), ("AUDIO", "STRING")),
    "MoDAStyleMotion": (("MODA_MOTION",) * 2, ("MODA_MOTION",)),
    "MoDAStyleContext": (
        ("MODA_MOTION", "MODA_AUDIO_FEATURES", "MODA_SAMPLING"),
        ("MODA_SAMPLING",),
    ),
    "MoDADiversity": (("MODA_SAMPLING",), ("MODA_SAMPLING",)),
    "MoDARefineMotion": (
        (
            *("MODA_MODEL", "MODA_MOTION", "MODA_AUDIO_FEATURES", "MODA_PORTRAIT", "AUDIO"),
            *("MODA_EMOTION", "MODA_SAMPLING"),
        ),
        ("MODA_MOTION", "STRING"),
    ),
    "MoDACleanSpeech": (("AUDIO",), ("AUDIO",)),
    "MoDAPerturbedGuidance": (("MODA_SAMPLING",), ("MODA_SAMPLING",)),
    "MoDAScore": (("MODA_MOTION", "AUDIO", "VIDEO"), ("STRING", "IMAGE", "STRING", "FLOAT")),
}
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


@pytest.fixture(params=LINKS)
def info(request, host):
    """Each node's entry of `/object_info`."""
    return host.object_info(request.param)


def inputs_of(info):
    """Return type, options and whether it is required, by input id."""
    return {
        name: (*entry, kind == "required")
        for kind in ("required", "optional")
        for name, entry in info["input"].get(kind, {}).items()
    }


def test_names_and_place_in_the_menu(info):
    assert info["category"] == "MoDA"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", info["name"].removeprefix("MoDA"))
    assert info["display_name"] == f"MoDA {words}"
    assert re.fullmatch(r"[A-Z].*\.", info["description"])


def test_links_are_those_of_the_nodes_table(info):
    expected_inputs, expected_outputs = LINKS[info["name"]]
    links = [kind for kind, _, _ in inputs_of(info).values() if kind not in WIDGETS]

    assert sorted(links) == sorted(expected_inputs)
    assert tuple(info["output"]) == expected_outputs


def test_every_input_and_output_has_a_tooltip(info):
    tooltips = [options.get("tooltip") for _, options, _ in inputs_of(info).values()]

    assert all((text and text[0].isupper()) or text[:1] == "'" for text in tooltips)
    assert all(text and text.endswith(".") for text in tooltips)
    assert all(text and text.endswith(".") for text in info["output_tooltips"])


def test_every_output_has_a_name_of_its_own(info):
    names = info["output_name"]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)


def test_every_number_has_bounds_a_step_and_a_default_within(info):
    for kind, options, _ in inputs_of(info).values():
        if kind in ("INT", "FLOAT"):
            assert options["min"] <= options["default"] <= options["max"]
            assert options["step"] > 0


def test_every_menu_has_its_default_among_its_choices(info):
    for kind, options, _ in inputs_of(info).values():
        if kind == "COMBO":
            assert options.get("default", options["options"][0]) in options["options"]


def test_ids_are_lower_case_words(info):
    assert all(re.fullmatch(r"[a-z_]+", name) for name in inputs_of(info))


def test_only_seeds_change_after_a_run(info):
    for name, (_, options, _) in inputs_of(info).items():
        assert bool(options.get("control_after_generate")) == (name == "seed")


def test_widgets_stand_behind_the_links(info):
    required = info["input"]["required"]
    is_widget = [entry[0] in WIDGETS for entry in required.values()]

    assert is_widget == sorted(is_widget)


def test_only_plots_a_download_and_a_saver_run_without_a_node_behind_them(host):
    shown = [name for name in LINKS if host.object_info(name)["output_node"]]

    assert shown == ["MoDAPreviewMotion", "MoDADownloadModels", "MoDASaveMotion", "MoDAScore"]
