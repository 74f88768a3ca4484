"""The stand-in folder: what is in it, and where it may be written."""

import pytest
import torch

from moda_core.model_files.model_folder import find_model_files
from moda_core.weights.checkpoint import read_checkpoint
from moda_core.weights.released_files import read_released
from tests.parity import synthetic_models, synthetic_weights
from tests.parity.synthetic_models import FILES, main, speech_encoder, stitching
from tests.parity.synthetic_weights import checkpoint_state, spectral_left, weight


@pytest.fixture
def small_files(monkeypatch):
    """Files of the right names, all but the stitching's with one number."""
    small = dict.fromkeys(FILES, lambda: {"x": torch.ones(1)})
    small |= {name: make for name, make in FILES.items() if make is stitching}
    monkeypatch.setattr(synthetic_models, "FILES", small)


@pytest.mark.usefixtures("small_files")
def test_the_folder_has_every_released_file_and_says_what_it_is(tmp_path, capsys):
    status = main([str(tmp_path / "models")])

    files = find_model_files(tmp_path / "models")
    assert status == 0
    assert (files.encoder / "config.json").is_file()
    assert "mean nothing" in (tmp_path / "models" / "README.txt").read_text("utf-8")
    assert "[7/7]" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.usefixtures("small_files")
def test_the_folder_can_be_written_again_but_others_are_left_alone(tmp_path, capsys):
    own, other = tmp_path / "own", tmp_path / "other"
    other.mkdir()
    (other / "precious.txt").write_text("x")
    assert main([str(own)]) == 0

    again, refused = main([str(own)]), main([str(other)])

    assert (again, refused) == (0, 1)
    assert [path.name for path in other.iterdir()] == ["precious.txt"]
    assert "other' holds other files" in capsys.readouterr().out


@pytest.mark.usefixtures("small_files")
def test_too_small_a_disk_is_noticed_before_anything_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(synthetic_models, "NEEDED_BYTES", 10**18)

    status = main([str(tmp_path / "a" / "b")])

    assert status == 1
    assert not (tmp_path / "a").exists()
    assert "GB are free" in capsys.readouterr().out


def test_an_interrupted_file_leaves_nothing_half_written(tmp_path):
    def fail(part):
        part.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthetic_models.write_file(tmp_path / "x.pth", fail)

    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small_files")
def test_the_stitching_file_is_read_as_the_released_one(tmp_path):
    main([str(tmp_path)])
    path = find_model_files(tmp_path).stitching_retargeting_module

    stored = torch.load(path, weights_only=True)
    state = read_released(path, "stitching_retargeting_module")

    assert "module.mlp.0.weight" in stored["retarget_shoulder"]
    expected = checkpoint_state("stitching_retargeting_module")
    assert all(torch.equal(state[key], tensor) for key, tensor in expected.items())


def test_the_encoder_has_the_old_names_of_weight_norm(monkeypatch):
    monkeypatch.setattr(synthetic_models, "checkpoint_state", read_shapes)

    shapes = speech_encoder()

    stem = "encoder.pos_conv_embed.conv."
    assert shapes[f"{stem}weight_g"] == [1, 1, 128]
    assert shapes[f"{stem}weight_v"] == [768, 48, 128]
    assert not [key for key in shapes if "original" in key]


def read_shapes(name):
    return synthetic_weights.read_manifest(name)


def test_a_spectral_norm_s_vectors_give_the_largest_stretch_along_its_right_one():
    stem = "spade_generator/G_middle_0.conv_0.weight_"
    matrix = weight(f"{stem}orig", (8, 4, 3, 3)).reshape(8, -1).astype(float)

    left, right = spectral_left(f"{stem}u", (8, 4, 3, 3), 36), weight(f"{stem}v", (36,))

    stretched = matrix @ right
    assert left @ left == pytest.approx(1, abs=1e-6)
    assert right @ right == pytest.approx(1, abs=1e-6)
    assert left @ stretched == pytest.approx((stretched @ stretched) ** 0.5, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["motion_extractor", "warping_module", "spade_generator"])
def test_a_full_size_file_is_read_back_as_it_was_made(tmp_path, name):
    path = tmp_path / "file.pth"
    synthetic_models.write_file(path, lambda part: torch.save(checkpoint_state(name), part))

    loaded = read_released(path, name)

    assert loaded.keys() == read_checkpoint(path).keys()
    assert all(torch.equal(loaded[key], value) for key, value in checkpoint_state(name).items())
