"""Option nodes for guidance, solver and windows, and ComfyUI's own samplers."""

import pytest
import torch

from .same_motion import assert_same_motion

OPTION_NODES = (
    *("MoDAGuidance", "MoDAPerturbedGuidance", "MoDASolver", "MoDAWindows", "MoDADiversity"),
)
STD = 0.4
FLOW_SIGMAS = torch.tensor([1.0, 0.7, 0.3, 0.0])


def sample(host, parts, **inputs):
    values = {"model": parts.model, "audio_features": parts.features, "portrait": parts.portrait}
    return host.call("MoDASampleMotion", **{**values, "steps": 2, **inputs})[0]


def happy(host):
    return host.call("MoDAEmotion", label="happiness")[0]


def sampler(name):
    import comfy.samplers

    return comfy.samplers.sampler_object(name)


@pytest.mark.parametrize(
    ("node", "inputs"),
    [("MoDAGuidance", {}), ("MoDASolver", {}), ("MoDAWindows", {"windows": "chain"})],
)
def test_defaults_change_nothing(host, parts, node, inputs):
    (options,) = host.call(node, **inputs)

    assert torch.equal(sample(host, parts, options=options).values, parts.motion.values)


@pytest.mark.parametrize(
    ("node", "inputs"),
    [
        ("MoDAGuidance", {"emotion_guidance": 3.0}),
        ("MoDAGuidance", {"sigma_start": 0.5}),
        ("MoDAGuidance", {"sigma_end": 0.8}),
        ("MoDASolver", {"solver": "heun"}),
        ("MoDASolver", {"solver": "midpoint"}),
        ("MoDASolver", {"solver": "ab2"}),
        ("MoDASolver", {"schedule": "even"}),
        ("MoDASolver", {"shift": 2.0}),
        ("MoDASolver", {"sigmas": FLOW_SIGMAS}),
        ("MoDADiversity", {"pose_noise": 1.5}),
        ("MoDADiversity", {"expression_noise": 1.5}),
        ("MoDADiversity", {"pose_temperature": 0.5}),
        ("MoDADiversity", {"expression_temperature": 0.5}),
    ],
)
def test_every_setting_changes_the_motion(host, parts, node, inputs):
    usual = sample(host, parts, emotion=happy(host), steps=4).values
    (options,) = host.call(node, **inputs)

    changed = sample(host, parts, emotion=happy(host), steps=4, options=options).values

    assert changed.isfinite().all()
    assert not torch.equal(changed, usual)


@pytest.mark.parametrize(
    "inputs", [{"windows": "joint"}, {"windows": "anchored"}, {"windows": "chain", "overlap": 40}]
)
def test_windows_change_what_is_longer_than_one(host, parts, inputs):
    # The speech pauses 2.7 s after this start, where the second window begins.
    audio = {"audio_encoder": parts.encoder, "audio": parts.audio, "start": 0.5, "duration": 4.0}
    features, _ = host.call("MoDAEncodeAudio", **audio)
    (options,) = host.call("MoDAWindows", **inputs)

    usual, changed = (sample(host, parts, audio_features=features, **each).values
                      for each in ({}, {"options": options}))  # fmt: skip

    assert usual.shape == changed.shape == (100, 70)
    assert not torch.equal(usual, changed)


def test_new_nodes_sample_windows_together_and_saved_ones_as_before(host, parts):
    audio = {"audio_encoder": parts.encoder, "audio": parts.audio, "start": 0.5, "duration": 4.0}
    features, _ = host.call("MoDAEncodeAudio", **audio)

    new, saved = (host.call("MoDAWindows", **each)[0] for each in ({}, {"windows": "chain"}))

    assert new.options.windows == "joint"
    usual, kept = (sample(host, parts, audio_features=features, **each).values
                   for each in ({}, {"options": saved}))  # fmt: skip
    assert torch.equal(usual, kept)


def test_emotion_is_guided_alone(host, parts):
    (options,) = host.call("MoDAGuidance", emotion_guidance=2.0)

    plain = sample(host, parts, options=options).values  # there is no emotion to guide

    assert_same_motion(host, plain, parts.motion.values)


def test_option_nodes_add_to_each_other_in_any_order(host):
    chosen = {
        "MoDAGuidance": {"emotion_guidance": 2.5, "sigma_start": 0.9, "sigma_end": 0.2},
        "MoDASolver": {"solver": "ab2", "schedule": "even", "shift": 1.5},
        "MoDAWindows": {"windows": "joint", "overlap": 24},
        "MoDADiversity": {"pose_noise": 1.5, "expression_temperature": 0.25},
        "MoDAPerturbedGuidance": {"heads": "0:1", "u": 0.5, "w": 3.0, "sigma_end": 0.3},
    }

    requests = []
    for order in (OPTION_NODES, OPTION_NODES[::-1]):
        request = None
        for node in order:
            (request,) = host.call(node, options=request, **chosen[node])
        requests.append(request)

    options = requests[0].options
    assert requests[1].options == options
    assert (options.emotion_scale, options.guidance_interval) == (2.5, (0.2, 0.9))
    assert (options.solver, options.schedule, options.shift) == ("ab2", "even", 1.5)
    assert (options.windows, options.overlap) == ("joint", 24)
    assert (options.diversity.pose_noise, options.diversity.expression_temperature) == (1.5, 0.25)
    perturbation = options.perturbation
    assert (perturbation.heads, perturbation.u, perturbation.w) == (((0, 1),), 0.5, 3.0)
    assert perturbation.interval == (0.3, 1.0)


def test_guidance_that_ends_before_it_begins_is_refused(host):
    with pytest.raises(ValueError, match=r"\b0\.2\b.*\b0\.6\b.*'sigma_end'"):
        host.call("MoDAGuidance", sigma_start=0.2, sigma_end=0.6)


def test_sigmas_take_the_place_of_steps(host, parts):
    (options,) = host.call("MoDASolver", sigmas=FLOW_SIGMAS)

    few, many = (sample(host, parts, options=options, steps=steps) for steps in (2, 9))

    assert torch.equal(few.values, many.values)


@pytest.mark.parametrize("sigmas", [[14.6, 3.0, 0.0], [1.0, 0.5, 0.2], [1.0, 1.0, 0.0]])
def test_sigmas_of_other_models_are_refused(host, sigmas):
    with pytest.raises(ValueError, match="Expected sigmas"):
        host.call("MoDASolver", sigmas=torch.tensor(sigmas))


@pytest.mark.parametrize("inputs", [{}, {"shift": 2.0}])
def test_the_hosts_euler_makes_the_same_motion_in_even_steps(host, parts, inputs):
    (theirs,) = host.call("MoDASolver", sampler=sampler("euler"), **inputs)
    (ours,) = host.call("MoDASolver", schedule="even", **inputs)

    motion, expected = (
        sample(host, parts, options=each, steps=8).values for each in (theirs, ours)
    )

    assert_same_motion(host, motion, expected)


def test_the_hosts_sampler_follows_the_hosts_sigmas(host, parts):
    (theirs,) = host.call("MoDASolver", sampler=sampler("euler"), sigmas=FLOW_SIGMAS)
    (ours,) = host.call("MoDASolver", sigmas=FLOW_SIGMAS)

    motion, expected = (sample(host, parts, options=each).values for each in (theirs, ours))

    assert_same_motion(host, motion, expected)


def test_a_temperature_beside_a_linked_sampler_is_refused_with_a_remedy(host):
    (linked,) = host.call("MoDASolver", sampler=sampler("euler"))

    with pytest.raises(ValueError, match=r"temperatures to 0.*MoDA Solver"):
        host.call("MoDADiversity", pose_temperature=0.5, options=linked)


def test_cancel_stops_the_hosts_sampler(host, parts):
    (options,) = host.call("MoDASolver", sampler=sampler("euler"))
    host.management.interrupt_current_processing(True)

    with pytest.raises(host.management.InterruptProcessingException):
        sample(host, parts, options=options)


@pytest.mark.real_host
@pytest.mark.parametrize(
    "name", ["heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral", "dpm_adaptive", "uni_pc"]
)
def test_samplers_of_the_host_give_the_same_motion_again(host, parts, name):
    (options,) = host.call("MoDASolver", sampler=sampler(name))

    once, again = (sample(host, parts, options=options, steps=8).values for _ in range(2))
    other = sample(host, parts, options=options, steps=8, seed=7).values

    assert once.isfinite().all()
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def normal_flow(latents, sigma):
    """The velocity towards normally distributed motion, whose flow is noise times `STD`."""
    variance = ((1 - sigma) * STD) ** 2 + sigma**2
    clean = (1 - sigma) * STD**2 / variance * latents
    return (latents - clean) / sigma


def drive(host, name, num_steps=10):
    """Let a host's sampler follow a known flow; return motion and noise."""
    (request,) = host.call("MoDASolver", sampler=sampler(name))
    noise = torch.randn(4, 80, 70, generator=torch.Generator().manual_seed(0))
    sigmas, steps = torch.linspace(1, 0, num_steps + 1), []
    motion = request.options.solve(normal_flow, noise, sigmas, lambda: steps.append(1))
    assert len(steps) == num_steps
    return motion, noise


@pytest.mark.real_host
@pytest.mark.parametrize(
    "name",
    ["heun", "dpmpp_2m", "uni_pc", "res_multistep", "lms", "ipndm", "deis"],
)
def test_samplers_of_the_host_follow_a_known_flow(host, name):
    motion, noise = drive(host, name)

    assert float((motion - STD * noise).square().mean().sqrt()) < 0.05 * STD


@pytest.mark.real_host
@pytest.mark.parametrize("name", ["euler_ancestral", "dpmpp_2m_sde", "dpmpp_3m_sde", "dpmpp_sde"])
def test_samplers_that_draw_noise_keep_what_motion_is_like(host, name):
    motion, _ = drive(host, name, 20)

    assert float(motion.std()) == pytest.approx(STD, rel=0.2)
    assert abs(float(motion.mean())) < 0.02


@pytest.mark.real_host
def test_a_sampler_that_fails_is_told_in_a_sentence(host, parts):
    import comfy.samplers

    picky = comfy.samplers.KSAMPLER(lambda model, x, sigmas, **others: model.latent_format)
    (options,) = host.call("MoDASolver", sampler=picky)

    with pytest.raises(ValueError, match=r"AttributeError.*another sampler"):
        sample(host, parts, options=options)


@pytest.mark.real_host
def test_a_sampler_with_the_guidance_of_pictures_is_refused(host, parts):
    (options,) = host.call("MoDASolver", sampler=sampler("euler_cfg_pp"))

    with pytest.raises(ValueError, match=r"CFG\+\+"):
        sample(host, parts, options=options)
