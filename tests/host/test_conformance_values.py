"""Pictures, sounds and videos between nodes, on the stand-in and on a real host."""

import io as bytes_io
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from PIL import Image

from .prompts import node, save


def make_video(latest, num_frames=10, size=(64, 48), audio=True):
    width, height = size
    images = torch.linspace(0, 1, num_frames)[:, None, None, None].expand(-1, height, width, 3)
    seconds = num_frames / 25
    tone = torch.sin(torch.arange(int(16000 * seconds)) * 0.1)[None, None] * 0.5
    sound = {"waveform": tone, "sample_rate": 16000} if audio else None
    parts = latest.Types.VideoComponents(images=images, frame_rate=Fraction(25), audio=sound)
    return latest.InputImpl.VideoFromComponents(parts)


def test_a_video_in_memory_can_be_saved_and_read_back(latest, tmp_path):
    video = make_video(latest)
    path = tmp_path / "a.mp4"
    video.save_to(str(path), format=latest.Types.VideoContainer.MP4)
    saved = latest.InputImpl.VideoFromFile(str(path))

    assert isinstance(video, latest.Input.Video)
    assert isinstance(saved, latest.Input.Video)
    for each in (video, saved):
        assert each.get_dimensions() == (64, 48)
        assert each.get_frame_count() == 10
        assert each.get_frame_rate() == 25
        assert each.get_duration() == pytest.approx(0.4, abs=0.07)
    assert saved.get_stream_source() == str(path)


def test_a_file_is_decoded_to_floats_and_planar_sound(latest, tmp_path):
    make_video(latest).save_to(str(tmp_path / "a.mp4"))
    parts = latest.InputImpl.VideoFromFile(str(tmp_path / "a.mp4")).get_components()

    assert parts.images.shape == (10, 48, 64, 3)
    assert parts.images.dtype == torch.float32
    means = parts.images.mean(dim=(1, 2, 3))
    torch.testing.assert_close(means, torch.linspace(0, 1, 10), atol=0.03, rtol=0)
    assert parts.frame_rate == 25
    waveform = parts.audio["waveform"]
    assert (waveform.ndim, waveform.shape[0], waveform.dtype) == (3, 1, torch.float32)
    assert parts.audio["sample_rate"] == 16000
    assert waveform.shape[2] == pytest.approx(6400, abs=2100)


def test_a_file_without_sound_has_none(latest, tmp_path):
    make_video(latest, audio=False).save_to(str(tmp_path / "a.mp4"))

    assert latest.InputImpl.VideoFromFile(str(tmp_path / "a.mp4")).get_components().audio is None


def test_a_file_is_saved_as_it_is(latest, tmp_path):
    make_video(latest).save_to(str(tmp_path / "a.mp4"))
    latest.InputImpl.VideoFromFile(str(tmp_path / "a.mp4")).save_to(str(tmp_path / "b.mp4"))

    assert packets(tmp_path / "a.mp4") == packets(tmp_path / "b.mp4")


def test_a_video_in_memory_can_be_written_to_memory_and_read_from_there(latest):
    buffer = bytes_io.BytesIO()
    make_video(latest).save_to(buffer, format=latest.Types.VideoContainer.MP4)
    video = latest.InputImpl.VideoFromFile(buffer)

    assert video.get_frame_count() == 10
    assert video.get_stream_source().tell() == 0


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_picture_without_alpha_comes_with_a_small_mask_of_zeros(tiny, tmp_path):
    Image.new("RGB", (40, 30), (255, 0, 51)).save(tmp_path / "a.png")
    prompt = {"1": node("LoadImage", image="a.png"), "2": node("PreviewImage", images=["1", 0])}

    image, mask = tiny.run(prompt, {"a.png": tmp_path / "a.png"}).outputs["1"]

    assert (image.shape, image.dtype) == ((1, 30, 40, 3), torch.float32)
    torch.testing.assert_close(image[0, 0, 0], torch.tensor([1.0, 0, 0.2]))
    assert (mask.shape, mask.any().item()) == ((1, 64, 64), False)


def test_the_mask_of_a_picture_is_one_where_it_is_transparent(tiny, tmp_path):
    alpha = np.zeros((30, 40, 4), np.uint8)
    alpha[:10, :, 3] = 255
    Image.fromarray(alpha).save(tmp_path / "a.png")
    prompt = {"1": node("LoadImage", image="a.png"), "2": node("PreviewImage", images=["1", 0])}

    _, mask = tiny.run(prompt, {"a.png": tmp_path / "a.png"}).outputs["1"]

    assert mask.shape == (1, 30, 40)
    assert (mask[0, 0, 0].item(), mask[0, 29, 0].item()) == (0, 1)


def test_a_file_that_is_not_there_is_refused(tiny):
    prompt = {"1": node("LoadImage", image="no.png"), "2": node("PreviewImage", images=["1", 0])}

    assert "Invalid image file" in tiny.run(prompt).error


def test_a_changed_input_file_is_read_again(tiny, tmp_path):
    prompt = {"1": node("LoadImage", image="a.png"), "2": node("PreviewImage", images=["1", 0])}
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    tiny.run(prompt, {"a.png": tmp_path / "a.png"})
    assert tiny.run(prompt).ran == []
    Image.new("RGB", (20, 30)).save(tmp_path / "a.png")

    again = tiny.run(prompt, {"a.png": tmp_path / "a.png"})

    assert again.ran == ["1", "2"]
    assert again.outputs["1"][0].shape == (1, 30, 20, 3)


def test_a_sound_keeps_its_rate_and_channels(latest, tiny, tmp_path):
    save_wav(tmp_path / "a.wav", rate=22050, channels=2, seconds=0.5)
    parts = node("CreateVideo", images=["3", 0], fps=25.0, audio=["1", 0])
    prompt = {"1": node("LoadAudio", audio="a.wav"), "2": parts}
    prompt["3"] = node("LoadImage", image="a.png")
    prompt["4"] = save("2")
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    files = {name: tmp_path / name for name in ("a.wav", "a.png")}

    (audio,) = tiny.run(prompt, files).outputs["1"]

    assert audio["sample_rate"] == 22050
    assert audio["waveform"].shape == (1, 2, 11025)
    assert audio["waveform"].dtype == torch.float32
    assert audio["waveform"].abs().max().item() == pytest.approx(0.5, abs=0.01)


def save_wav(path, rate, channels, seconds):
    tone = np.sin(np.arange(int(rate * seconds)) * 0.1) * 0.5 * 32767
    samples = np.repeat(tone.astype(np.int16), channels)[None]
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate = rate
        output.mux([*stream.encode(frame), *stream.encode(None)])


def test_a_video_is_loaded_saved_and_shown(latest, tiny, tmp_path):
    make_video(latest).save_to(str(tmp_path / "a.mp4"))
    prompt = {"1": node("LoadVideo", file="a.mp4"), "2": save("1")}
    prompt["3"] = node("GetVideoComponents", video=["1", 0])
    prompt["4"] = node("PreviewImage", images=["3", 0])

    result = tiny.run(prompt, {"a.mp4": tmp_path / "a.mp4"})

    shown = {"filename": "take_00001_.mp4", "subfolder": "video", "type": "output"}
    assert result.ui["2"]["images"] == [shown]
    assert packets(tiny.output_folder / "video" / "take_00001_.mp4") == packets(tmp_path / "a.mp4")
    images, audio, fps = result.outputs["3"]
    assert (len(images), audio["sample_rate"], fps) == (10, 16000, 25.0)
    assert len(result.ui["4"]["images"]) == 10
    assert {each["type"] for each in result.ui["4"]["images"]} == {"temp"}


def test_pictures_are_scaled_and_saved(tiny, tmp_path):
    Image.new("RGB", (40, 30), (255, 0, 51)).save(tmp_path / "a.png")
    sizes = {"width": 20, "height": 10, "upscale_method": "area", "crop": "disabled"}
    prompt = {
        "1": node("LoadImage", image="a.png"),
        "2": node("ImageScale", image=["1", 0], **sizes),
    }
    prompt["3"] = node("SaveImage", images=["2", 0], filename_prefix="still")

    result = tiny.run(prompt, {"a.png": tmp_path / "a.png"})

    shown = {"filename": "still_00001_.png", "subfolder": "", "type": "output"}
    assert result.ui["3"]["images"] == [shown]
    saved = Image.open(tiny.output_folder / "still_00001_.png")
    assert (saved.size, saved.getpixel((5, 5))) == ((20, 10), (255, 0, 51))


def test_what_nodes_show_is_a_message_to_the_page(latest, host):
    ui, folder = latest.ui, latest.io.FolderType
    saved = ui.SavedResult("a.mp4", "sub", folder.temp)
    image = ui.PreviewImage(torch.full((1, 8, 6, 3), 0.2))
    (written,) = image.as_dict()["images"]

    assert saved == {"filename": "a.mp4", "subfolder": "sub", "type": "temp"}
    assert ui.PreviewVideo([saved]).as_dict() == {"images": [saved], "animated": (True,)}
    assert ui.PreviewText("hello").as_dict() == {"text": ("hello",)}
    assert Image.open(host.temp_folder / written["filename"]).size == (6, 8)
    assert written["type"] == "temp"


def test_a_nodes_output_is_reached_by_index(latest):
    assert latest.io.NodeOutput(1, 2)[1] == 2
