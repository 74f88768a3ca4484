"""Networks, settings and folders, on the stand-in and on a real host."""

import os
from pathlib import Path

import pytest
import torch


@pytest.mark.parametrize("ops", ["disable_weight_init", "manual_cast"])
def test_layers_poll_cancel(host, ops):
    import comfy.model_management as management
    import comfy.ops

    layer = getattr(comfy.ops, ops).Linear(4, 4)
    management.interrupt_current_processing()

    with torch.inference_mode(), pytest.raises(management.InterruptProcessingException):
        layer(torch.zeros(1, 4))


@pytest.mark.parametrize(
    ("name", "sizes", "shape"),
    [("Linear", (4, 6), (1, 4)), ("Conv1d", (4, 6, 1), (1, 4, 5)),
     ("Conv2d", (4, 6, 1), (1, 4, 5, 5)), ("Conv3d", (4, 6, 1), (1, 4, 2, 5, 5)),
     ("LayerNorm", (4,), (1, 4)), ("GroupNorm", (2, 4), (1, 4, 5)),
     ("ConvTranspose1d", (4, 6, 1), (1, 4, 5)),
     ("ConvTranspose2d", (4, 6, 1), (1, 4, 5, 5))],
)  # fmt: skip
def test_casting_layers_compute_in_the_inputs_format_like_torchs_own(host, name, sizes, shape):
    import comfy.ops

    torch.manual_seed(0)
    plain = getattr(torch.nn, name)(*sizes)
    layer = getattr(comfy.ops.manual_cast, name)(*sizes, dtype=torch.float16)
    layer.load_state_dict(plain.state_dict())
    x = torch.randn(shape)

    with torch.inference_mode():
        y, expected = layer(x), plain(x)

    assert (y.dtype, layer.weight.dtype) == (torch.float32, torch.float16)
    torch.testing.assert_close(y, expected, rtol=2e-3, atol=2e-3)


def test_layers_that_do_not_cast_refuse_another_format(host):
    import comfy.ops

    layer = comfy.ops.disable_weight_init.Linear(4, 4, dtype=torch.float16)

    with torch.inference_mode(), pytest.raises(RuntimeError):
        layer(torch.zeros(1, 4))


def test_a_network_is_loaded_and_the_request_is_recorded(host):
    import comfy.model_management as management
    import comfy.model_patcher as patchers

    device = management.get_torch_device()
    offload = management.unet_offload_device()
    network = torch.nn.Linear(8, 8, bias=False)
    patcher = patchers.ModelPatcher(network, load_device=device, offload_device=offload)

    management.load_models_gpu([patcher], memory_required=1000)
    management.soft_empty_cache()

    assert patcher.model is network
    assert patcher.model_size() == 8 * 8 * 4
    assert network.weight.device.type == device.type
    assert host.loads == [([patcher], 1000)]


@pytest.mark.skipif(torch.cuda.is_available(), reason="what a host without a GPU chooses")
def test_a_processor_computes_in_float32(host):
    import comfy.model_management as management

    device, half = management.get_torch_device(), [torch.float16, torch.float32]
    dtype = management.unet_dtype(device=device, model_params=1000, supported_dtypes=half)

    assert device.type == "cpu"
    assert management.unet_offload_device().type == "cpu"
    assert management.intermediate_device().type == "cpu"
    assert not management.should_use_fp16(device)
    assert not management.should_use_bf16(device)
    assert dtype == torch.float32
    assert management.unet_manual_cast(dtype, device, half) is None
    assert management.unet_manual_cast(torch.float16, device, half) == torch.float32


def test_the_out_of_memory_error_is_torchs(host):
    import comfy.model_management as management

    assert management.OOM_EXCEPTION is torch.cuda.OutOfMemoryError


def test_settings_of_the_command_line(host):
    from comfy.cli_args import args

    assert args.preview_method.value == "none"
    assert args.preview_size == 512
    assert args.disable_metadata is False


def test_folders_lie_below_the_base_folder(host):
    import folder_paths

    assert Path(folder_paths.models_dir) == host.models_folder
    assert Path(folder_paths.get_input_directory()) == host.input_folder
    assert Path(folder_paths.get_output_directory()) == host.output_folder
    assert Path(folder_paths.get_temp_directory()) == host.temp_folder


def test_a_new_kind_of_model_lists_every_file_until_it_has_endings(host):
    import folder_paths

    folder = host.models_folder / "kind_one"
    (folder / "inner").mkdir(parents=True)
    for name in ("b.txt", "inner/a.safetensors"):
        (folder / name).touch()
    folder_paths.add_model_folder_path("kind_one", str(folder))
    paths, endings = folder_paths.folder_names_and_paths["kind_one"]
    every = folder_paths.get_filename_list("kind_one")
    folder_paths.folder_names_and_paths["kind_two"] = (paths, {".safetensors"})

    assert endings == set()
    assert every == ["b.txt", os.path.join("inner", "a.safetensors")]
    assert folder_paths.get_filename_list("kind_two") == [every[1]]
    assert folder_paths.get_folder_paths("kind_two") == [str(folder)]


def test_adding_the_same_folder_twice_changes_nothing(host):
    import folder_paths

    for _ in range(2):
        folder_paths.add_model_folder_path("kind_three", str(host.models_folder / "three"))

    assert folder_paths.get_folder_paths("kind_three") == [str(host.models_folder / "three")]


def test_a_model_file_is_found_by_name_or_refused(host):
    import folder_paths

    (host.models_folder / "four").mkdir()
    (host.models_folder / "four" / "a.pt").touch()
    folder_paths.add_model_folder_path("kind_four", str(host.models_folder / "four"))

    found = folder_paths.get_full_path_or_raise("kind_four", "a.pt")

    assert Path(found) == host.models_folder / "four" / "a.pt"
    assert folder_paths.get_full_path("kind_four", "b.pt") is None
    with pytest.raises(FileNotFoundError):
        folder_paths.get_full_path_or_raise("kind_four", "b.pt")


def test_a_saved_file_gets_the_next_number(host):
    import folder_paths

    out = folder_paths.get_output_directory()
    folder, name, count, subfolder, _ = folder_paths.get_save_image_path("sub/take", out)
    Path(folder, "take_00001_.mp4").touch()

    assert (Path(folder), name, count) == (host.output_folder / "sub", "take", 1)
    assert subfolder == "sub"
    assert folder_paths.get_save_image_path("sub/take", out)[2] == 2
    assert folder_paths.get_save_image_path("sub//take", out)[2] == 2


def test_a_prefix_that_ends_in_a_slash_gets_no_number_of_its_own(host):
    import folder_paths

    out = folder_paths.get_output_directory()
    Path(out, "faces_00001_.mp4").touch()
    Path(out, "taken").touch()

    assert folder_paths.get_save_image_path("faces/", out)[1:4] == ("faces", 1, "")
    assert folder_paths.get_save_image_path("./faces", out)[1:4] == ("faces", 2, "")
    with pytest.raises(OSError, match="taken"):
        folder_paths.get_save_image_path("taken/face", out)
