"""What texts and names state is read as it is written."""

import pytest

from tests.parity.statements import in_names, noise_seed, slices, stated


def test_numbers_stand_where_the_template_has_braces():
    text = "angles=normal(seed,(6,3),25.5): columns pitch,yaw,roll in degrees"

    assert stated("normal(seed,({},{}),{})", text) == [6, 3, 25.5]


def test_spaces_of_a_template_may_be_left_out():
    assert stated("sin({}*x_i) + {}*i", "sin(1.7*x_i)+0.1*i") == [1.7, 0.1]


def test_a_text_that_says_something_else_is_named():
    with pytest.raises(ValueError, match="cos"):
        stated("sin({}*x_i)", "cos(1.7*x_i)")


def test_names_of_another_form_are_left_out():
    names = ["T80_cfg1.2_emo4", "T1_edge", "xT80_cfg1.2_emo4"]

    assert in_names("T{}_cfg{}_emo{}", names) == {"T80_cfg1.2_emo4": [80, 1.2, 4]}


def test_every_index_of_a_text_is_read():
    text = "out[0,:,::4] and out[0, 200:232]; stored [::4, -2:] plus patch 96:120"

    assert slices(text) == [
        ("out", (0, slice(None, None), slice(None, None, 4))),
        ("out", (0, slice(200, 232))),
        ("", (slice(None, None, 4), slice(-2, None))),
    ]


def test_the_seed_of_noise_is_that_of_its_call():
    assert noise_seed("torch.manual_seed(17); window w uses noise[w]") == 17
