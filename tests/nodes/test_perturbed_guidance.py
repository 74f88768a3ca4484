"""MoDA Perturbed Guidance: presets, heads as text, and what is refused."""

import pytest
import torch

from .test_sampling_options import happy, sample

NODE = "MoDAPerturbedGuidance"


def presets(host):
    return host.object_info(NODE)["input"]["required"]["preset"][1]["options"]


def test_every_preset_changes_the_motion(host, parts):
    assert len(presets(host)) > 1
    for preset in presets(host)[1:]:
        (options,) = host.call(NODE, preset=preset, heads="not used")

        changed = sample(host, parts, options=options).values

        assert changed.isfinite().all()
        assert not torch.equal(changed, parts.motion.values)


@pytest.mark.parametrize("inputs", [{"u": 0.0}, {"w": 0.0}, {"heads": ""}])
def test_off_is_the_same_motion_to_the_bit(host, parts, inputs):
    (options,) = host.call(NODE, **{"heads": "0:0, 1:2", **inputs})

    assert torch.equal(sample(host, parts, options=options).values, parts.motion.values)


@pytest.mark.parametrize("inputs", [{"sigma_start": 0.5}, {"sigma_end": 0.8}, {"u": 0.4}, {"w": 4}])
def test_every_setting_changes_the_motion(host, parts, inputs):
    usual, changed = (host.call(NODE, heads="0:0, 1:2", **each)[0] for each in ({}, inputs))

    motions = [
        sample(host, parts, emotion=happy(host), steps=4, options=each).values
        for each in (usual, changed)
    ]

    assert not torch.equal(*motions)


def test_a_head_that_the_starter_lacks_is_named_when_it_samples(host, parts):
    (options,) = host.call(NODE, heads="0:0, 3:1")

    with pytest.raises(ValueError, match=r"head 1 in block 3.*3 blocks.*4 heads"):
        sample(host, parts, options=options)


def test_text_that_is_no_head_is_refused(host):
    with pytest.raises(ValueError, match=r"'3\.1'.*3:0"):
        host.call(NODE, heads="3.1")


def test_guidance_that_ends_before_it_begins_is_refused(host):
    with pytest.raises(ValueError, match=r"\b0\.2\b.*\b0\.6\b.*'sigma_end'"):
        host.call(NODE, heads="0:0", sigma_start=0.2, sigma_end=0.6)
