import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from scipy.signal import correlate, resample_poly

from moda_core.errors import InputFileError, OutputError
from moda_core.video.color_tags import ColorTags
from moda_core.video.footage import open_footage
from moda_core.video.soundtrack import AudioTrack
from moda_core.video.writer import VideoWriter, check_output, frame_rate, parse_frame_rate
from tests import sound_files

REPOSITORY = Path(__file__).parents[3]
SIZE = (48, 32)
SECONDS = 1.6  # of sound; pictures of 40 frames at 25 fps


def grey_frames(count, size=SIZE):
    """Frames whose brightness tells their index."""
    width, height = size
    levels = np.linspace(20, 235, count).round().astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, height, width, 3)).copy()


def write_video(path, count=40, audio=None, fps=25, size=SIZE, **options):
    with VideoWriter(path, size, fps, count, audio, **options) as writer:
        for chunk in np.array_split(grey_frames(count, size), 3):
            writer.write(chunk)
    return path


def noise(sample_rate, channels=1, seconds=SECONDS):
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.1, (round(seconds * sample_rate), 1)).repeat(channels, axis=1)


def write_aac(path, sample_rate=44100, seconds=SECONDS):
    """Encode noise as AAC with PyAV; its delay lands in the container."""
    with av.open(str(path), "w") as container:
        # Without noise substitution, which decoders fill with random numbers of their own.
        stream = container.add_stream("aac", rate=sample_rate, options={"aac_pns": "0"})
        stream.layout = "mono"
        samples = noise(sample_rate, seconds=seconds).T.astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "mono")
        frame.sample_rate, frame.pts = sample_rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path, sample_rate=44100, channels=1):
    if path.suffix in (".m4a", ".aac"):
        return write_aac(path, sample_rate)
    return sound_files.write_sound(path, noise(sample_rate, channels), sample_rate)


def frames_of(path):
    with av.open(str(path)) as container:
        return [
            (frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def sound_of(path):
    """Return (samples (C, T), rate, time of the first sample, length by the container)."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        length_s = float(stream.duration * stream.time_base) if stream.duration else None
        return samples, stream.rate, frames[0].time, length_s


def payloads(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def lag_ms(samples, rate, reference, reference_rate):
    """By how much `samples` come later than `reference`, from their cross-correlation."""
    common = [
        resample_poly(signal, 48000 // np.gcd(48000, own), own // np.gcd(48000, own))
        for signal, own in ((samples, rate), (reference, reference_rate))
    ]
    peak = correlate(*common, mode="full").argmax()
    return (peak - (len(common[1]) - 1)) / 48


def test_frames_come_back_in_order_and_on_time(tmp_path):
    path = write_video(tmp_path / "a.mp4")

    times, pictures = zip(*frames_of(path), strict=True)

    np.testing.assert_allclose(times, np.arange(40) / 25, atol=1e-6)
    assert np.abs(np.stack(pictures).astype(int) - grey_frames(40)).max() <= 3


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
def test_each_container_holds_all_frames_and_the_comment(tmp_path, extension):
    path = write_video(tmp_path / f"a.{extension}", audio=write_sound(tmp_path / "a.wav"))

    assert len(frames_of(path)) == 40
    with av.open(str(path)) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    assert tags["comment"] == "AI-generated"


ENCODE_EXAMPLE = """
import sys, numpy
from PIL import Image
from moda_core.example import PORTRAIT
from moda_core.video.writer import VideoWriter
picture = numpy.array(Image.open(PORTRAIT).convert("RGB").resize((328, 328)))
noise = numpy.random.default_rng(0).integers(-3, 4, (5, *picture.shape))
frames = (picture + noise).clip(0, 255).astype(numpy.uint8)
with VideoWriter(sys.argv[1], (328, 328), 25, 5) as writer:
    writer.write(frames)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there new memory can be filled")
def test_the_file_does_not_depend_on_what_memory_held(tmp_path):
    for name, byte in {"a.mp4": "1", "b.mp4": "85"}.items():
        subprocess.run(
            [sys.executable, "-c", ENCODE_EXAMPLE, tmp_path / name],
            env={**os.environ, "MALLOC_PERTURB_": byte},
            cwd=REPOSITORY,
            check=True,
        )

    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_the_comment_can_be_switched_off(tmp_path):
    path = write_video(tmp_path / "a.mp4", comment=None)

    with av.open(str(path)) as container:
        assert "comment" not in container.metadata


@pytest.mark.parametrize(("size", "even"), [((49, 32), (48, 32)), ((47, 35), (46, 34))])
def test_odd_sizes_lose_their_last_row_or_column(tmp_path, size, even):
    frames = grey_frames(3, size)
    frames[:, :, even[0] :] = 0
    frames[:, even[1] :] = 0

    with VideoWriter(tmp_path / "a.mp4", size, 25, 3) as writer:
        writer.write(torch.from_numpy(frames))

    picture = frames_of(tmp_path / "a.mp4")[2][1]
    assert picture.shape == (even[1], even[0], 3)
    assert picture.min() > 225


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 200, 0), (30, 60, 220), (201, 122, 43)])
def test_colours_are_coded_and_labelled_as_bt709_limited(tmp_path, colour):
    frames = np.broadcast_to(np.uint8(colour), (3, 32, 48, 3))
    red, green, blue = np.array(colour) / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue  # ITU-R BT.709-6
    expected = (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / 1.8556,
        128 + 224 * (red - luma) / 1.5748,
    )

    with VideoWriter(tmp_path / "a.mp4", SIZE, 25, 3) as writer:
        writer.write(frames)

    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        frame = next(container.decode(video=0))
    labels = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
    assert labels == (1, 1, 1, 1)
    planes = [np.frombuffer(plane, np.uint8)[0] for plane in frame.planes]
    np.testing.assert_allclose(planes, expected, atol=2)


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (24.0, Fraction(24)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
    ],
)
def test_frame_rates_are_exact(tmp_path, fps, exact):
    path = write_video(tmp_path / "a.mp4", count=4, fps=fps)

    assert frame_rate(fps) == exact
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == exact


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("25", Fraction(25)),
        (" 12.5 ", Fraction(25, 2)),
        ("29.97", Fraction(30000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        ("1000/33", Fraction(1000, 33)),
    ],
)
def test_frame_rates_are_read_exactly(text, exact):
    assert parse_frame_rate(text) == exact


@pytest.mark.parametrize("text", ["", "fast", "nan", "inf", "0", "241", "1/0", "25/", "1e9/4e7"])
def test_text_that_is_no_frame_rate_is_refused(text):
    with pytest.raises(ValueError, match="frame"):
        parse_frame_rate(text)


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [
        ("a.wav", 44100, 2),
        ("a.wav", 8000, 1),
        ("a.wav", 16000, 1),
        ("a.wav", 37800, 1),
        ("a.wav", 192000, 1),
        ("a.wav", 48000, 6),
        ("a.wav", 44100, 8),
        ("a.flac", 48000, 2),
        ("a.mp3", 44100, 2),
        ("a.ogg", 44100, 2),
        ("a.m4a", 44100, 1),
        ("a.m4a", 16000, 1),
    ],
)
@pytest.mark.parametrize("start_s", [0.0, 0.317])
@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_sound_and_picture_agree(tmp_path, name, rate, channels, start_s, extension):
    source = write_sound(tmp_path / name, rate, channels)

    path = write_video(tmp_path / f"out.{extension}", 30, AudioTrack(source, start_s=start_s))

    samples, coded_rate, first_s, length_s = sound_of(path)
    heard = noise(rate)[round(start_s * rate) :, 0]
    late_ms = 1000 * first_s + lag_ms(samples.mean(axis=0), coded_rate, heard, rate)
    assert abs(late_ms) < 1
    assert coded_rate == {37800: 44100, 192000: 96000}.get(rate, rate)
    assert samples.shape[0] == min(channels, 2)
    if extension == "mp4":
        assert length_s == pytest.approx(30 / 25, abs=1e-3)


def test_sound_in_memory_is_written(tmp_path):
    waveform = torch.from_numpy(noise(22050).T.astype(np.float32))

    path = write_video(tmp_path / "a.mp4", audio=AudioTrack(waveform, 22050, start_s=0.1))

    samples, rate, first_s, _ = sound_of(path)
    heard = waveform[0, 2205:].numpy()
    assert rate == 22050
    assert abs(1000 * first_s + lag_ms(samples[0], rate, heard, rate)) < 1


def test_sound_that_ends_early_is_padded_with_silence(tmp_path):
    source = write_sound(tmp_path / "a.wav")

    path = write_video(tmp_path / "a.mp4", 80, source)

    samples, rate, _, length_s = sound_of(path)
    assert length_s == pytest.approx(3.2, abs=1e-3)
    assert np.abs(samples[0, : round(1.5 * rate)]).mean() > 0.05
    assert np.abs(samples[0, round(1.7 * rate) : round(3.2 * rate)]).max() < 1e-3


@pytest.mark.parametrize("name", ["a.m4a", "a.aac"])
def test_aac_is_copied_bit_for_bit(tmp_path, name):
    source = write_sound(tmp_path / name)

    path = write_video(tmp_path / "out.mp4", 40, source)

    copied, original = payloads(path), payloads(source)
    if name == "a.aac":  # each frame has a header of 7 bytes there
        original = [payload[7:] for payload in original]
    assert len(copied) > 65
    assert copied == original[: len(copied)]


def test_copied_aac_decodes_to_the_same_samples_from_any_start(tmp_path):
    source = write_sound(tmp_path / "a.m4a")

    path = write_video(tmp_path / "out.mp4", 25, AudioTrack(source, start_s=0.317))

    samples, rate, first_s, _ = sound_of(path)
    original = sound_of(source)[0][0, round(0.317 * rate) :]
    assert set(payloads(path)) <= set(payloads(source))
    assert first_s == 0
    np.testing.assert_array_equal(samples[0, :rate], original[:rate])


@pytest.mark.parametrize("start_s", [0.0, 0.9])
def test_aac_that_ends_early_is_encoded_with_silence(tmp_path, start_s):
    source = write_sound(tmp_path / "a.m4a")

    path = write_video(tmp_path / "out.mp4", 60, AudioTrack(source, start_s=start_s))

    assert not set(payloads(path)) & set(payloads(source))
    assert sound_of(path)[3] == pytest.approx(2.4, abs=1e-3)


def test_the_sound_track_of_a_video_serves_as_source(tmp_path):
    source = write_video(tmp_path / "source.mp4", audio=write_sound(tmp_path / "a.wav"))

    path = write_video(tmp_path / "out.mp4", audio=source)

    assert payloads(path) == payloads(source)


def test_a_video_without_sound_has_no_sound_track(tmp_path):
    with av.open(str(write_video(tmp_path / "a.mp4"))) as container:
        assert not container.streams.audio


def test_players_find_the_index_first_and_sound_beside_its_picture(tmp_path):
    sound_files.write_sound(tmp_path / "a.wav", noise(44100, seconds=8.0), 44100)

    path = write_video(tmp_path / "a.mp4", 200, tmp_path / "a.wav")

    content = path.read_bytes()
    assert 0 < content.find(b"moov") < content.find(b"mdat")
    last, widest = {"audio": 0.0, "video": 0.0}, 0.0
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.size:
                last[packet.stream.type] = float(packet.dts * packet.time_base)
                widest = max(widest, abs(last["audio"] - last["video"]))
    assert widest < 0.5


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_and_keeps_the_old_file(tmp_path, failure):
    source = write_sound(tmp_path / "a.wav")
    (tmp_path / "a.mp4").write_bytes(b"older")

    def fail_half_way():
        with VideoWriter(tmp_path / "a.mp4", SIZE, 25, 40, source) as writer:
            writer.write(grey_frames(20))
            assert (tmp_path / "a.mp4.part").exists()
            assert (tmp_path / "a.mp4").read_bytes() == b"older"
            raise failure

    with pytest.raises(failure):
        fail_half_way()

    assert sorted(os.listdir(tmp_path)) == ["a.mp4", "a.wav"]
    assert (tmp_path / "a.mp4").read_bytes() == b"older"


@pytest.mark.parametrize("count", [39, 41])
def test_a_wrong_number_of_frames_is_an_error(tmp_path, count):
    with (
        pytest.raises(ValueError, match="announced"),
        VideoWriter(tmp_path / "a.mp4", SIZE, 25, 40) as writer,
    ):
        writer.write(grey_frames(count))

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((1, 32, 48, 3), np.float32),
        np.zeros((1, 48, 32, 3), np.uint8),
        np.zeros((32, 48, 3), np.uint8),
        torch.zeros(1, 3, 32, 48, dtype=torch.uint8),
    ],
)
def test_frames_of_another_form_are_refused(tmp_path, frames):
    with (
        pytest.raises(ValueError, match=r"\(N, 32, 48, 3\)"),
        VideoWriter(tmp_path / "a.mp4", SIZE, 25, 1) as writer,
    ):
        writer.write(frames)


def test_damaged_sound_stops_the_writing_and_leaves_nothing(tmp_path):
    samples = noise(16000, seconds=8)
    samples[16000 * 7] = np.nan
    sound_files.write_sound(tmp_path / "nan.wav", samples, 16000, "FLOAT")

    with pytest.raises(InputFileError, match="NaN"):
        write_video(tmp_path / "a.mp4", 200, tmp_path / "nan.wav")

    assert os.listdir(tmp_path) == ["nan.wav"]


def test_missing_sound_is_reported_before_the_first_frame(tmp_path):
    with (
        pytest.raises(InputFileError, match="does not exist"),
        VideoWriter(tmp_path / "a.mp4", SIZE, 25, 40, tmp_path / "missing.wav"),
    ):
        pytest.fail("the writer opened")

    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files with setrlimit")
def test_a_full_disk_is_told_in_one_sentence(tmp_path):
    import resource

    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    frames = np.random.default_rng(0).integers(0, 255, (60, 128, 128, 3), dtype=np.uint8)

    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, unlimited[1]))
    try:
        with (
            pytest.raises(OutputError, match=r"a\.mp4' could not be written"),
            VideoWriter(tmp_path / "a.mp4", (128, 128), 25, 60) as writer,
        ):
            writer.write(frames)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.gif", ".mp4, .mov, .mkv"),
        ("noextension", "known kind"),
        ("missing/a.mp4", "does not exist"),
        ("file.txt/a.mp4", "does not exist"),
        ("folder.mp4", "is a folder"),
    ],
)
def test_bad_targets_are_refused_before_any_work(tmp_path, name, problem):
    (tmp_path / "file.txt").write_text("no folder")
    (tmp_path / "folder.mp4").mkdir()

    for attempt in (check_output, lambda path: VideoWriter(path, SIZE, 25, 1)):
        with pytest.raises(OutputError) as caught:
            attempt(str(tmp_path / name))

        assert problem in str(caught.value)


def test_a_locked_folder_is_refused(tmp_path, monkeypatch):
    def locked(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.touch", locked)

    with pytest.raises(OutputError, match=r"can't be written .Permission denied"):
        check_output(tmp_path / "a.mp4")


def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path):
    with pytest.raises(OutputError, match="shorter name"):
        check_output(tmp_path / f"{'a' * 247}.mp4")


@pytest.mark.parametrize(
    "arguments",
    [{"fps": 0}, {"fps": 1000}, {"size": (1, 32)}, {"num_frames": 0}],
)
def test_numbers_out_of_range_are_refused(tmp_path, arguments):
    usable = {"size": SIZE, "fps": 25, "num_frames": 1}

    with pytest.raises(ValueError, match="Expected"):
        VideoWriter(tmp_path / "a.mp4", **{**usable, **arguments})


@pytest.mark.parametrize(
    "arguments",
    [("a.wav", 44100), (torch.zeros(1, 9),), ("a.wav", None, -1), (torch.zeros(1, 9), 9, 0, 1)],
)
def test_contradictory_sound_is_refused(arguments):
    with pytest.raises(ValueError):
        AudioTrack(*arguments)


def test_names_with_spaces_and_other_alphabets_work(tmp_path):
    folder = tmp_path / "Grüße aus 東京"
    folder.mkdir()
    source = write_sound(folder / "ein Ton.wav")

    path = write_video(str(folder / "mein Vídeo 100%.mp4"), audio=str(source))

    assert len(frames_of(path)) == 40


def test_damaged_aac_is_encoded_anew_as_far_as_it_can_be_decoded(tmp_path):
    path = write_aac(tmp_path / "a.m4a", seconds=4)
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    content[start : start + 300] = bytes(300)
    path.write_bytes(content)

    write_video(tmp_path / "a.mp4", 40, path)

    assert len(frames_of(tmp_path / "a.mp4")) == 40
    assert len(payloads(tmp_path / "a.mp4")) > 0


def opacity_frames(count):
    """RGBA frames: a colour that is clear at the left, half so in the middle, and opaque."""
    width, height = SIZE
    frames = np.empty((count, height, width, 4), np.uint8)
    frames[..., :3] = 200, 120, 60
    frames[..., 3] = np.repeat([0, 128, 255], width // 3)
    return frames


@pytest.mark.parametrize(
    ("suffix", "decoder", "sound"), [(".mov", "prores", "aac"), (".webm", "libvpx-vp9", "opus")]
)
def test_transparent_videos_keep_opacity_colour_and_sound(tmp_path, suffix, decoder, sound):
    audio = write_sound(tmp_path / "sound.wav", 22050)
    path, frames = tmp_path / f"video{suffix}", opacity_frames(40)

    with VideoWriter(path, SIZE, 25, 40, audio, transparent=True) as writer:
        writer.write(frames)

    # FFmpeg's own decoder of VP9 ignores opacity.
    context = av.CodecContext.create(decoder, "r")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context.extradata = stream.codec_context.extradata
        packets = [packet for packet in container.demux(stream) if packet.size]
        codec, seconds = container.streams.audio[0].codec_context.name, container.duration / 1e6
        shown = container.metadata.get("comment") or container.metadata["COMMENT"]
        if suffix == ".mov":
            container.seek(0)
            decoded = list(container.decode(stream))
        else:
            decoded = [frame for packet in packets for frame in context.decode(packet)]
    decoded += context.decode(None) if suffix == ".webm" else []
    found = np.stack([frame.to_ndarray(format="rgba") for frame in decoded]).astype(int)
    middles = [8, 24, 40]  # of the three parts
    assert len(found) == 40
    assert np.abs(found[:, 16, middles, 3] - [0, 128, 255]).max() <= 2
    assert np.abs(found[:, 16, middles[1:], :3] - [200, 120, 60]).max() <= 4
    assert (codec, shown) == (sound, "AI-generated")
    assert seconds == pytest.approx(1.6, abs=0.03)


@pytest.mark.parametrize("name", ["video.mp4", "video.mkv", "video"])
def test_kinds_without_opacity_are_refused_for_transparent_videos(tmp_path, name):
    with pytest.raises(OutputError, match=r"transparent video.*\.mov, \.webm"):
        check_output(tmp_path / name, transparent=True)


def test_frames_without_opacity_are_refused_by_a_transparent_video(tmp_path):
    path = tmp_path / "video.webm"

    with (
        pytest.raises(ValueError, match="32, 48, 4"),
        VideoWriter(path, SIZE, 25, 40, transparent=True) as writer,
    ):
        writer.write(grey_frames(40))

    assert not list(tmp_path.iterdir())


def test_a_variable_rate_keeps_its_times_and_its_end(tmp_path):
    times = [0.0, 0.04, 0.1, 0.11, 0.5, 0.8]

    clip = write_video(tmp_path / "a.mp4", 5, fps=10, times=times)

    footage = open_footage(clip)
    assert footage.times == pytest.approx(times[:5], abs=1e-4)
    assert footage.duration_s == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("times", [[0.0, 0.1], [0.0, 0.2, 0.1], [0.0, 0.1, 0.1]])
def test_times_that_do_not_fit_the_frames_are_refused(tmp_path, times):
    with pytest.raises(ValueError, match=str(len(times))):
        VideoWriter(tmp_path / "a.mp4", SIZE, 25, 2, times=times)


@pytest.mark.parametrize(
    "tags", [ColorTags(6, 6, 6), ColorTags(1, 1, 1, True), ColorTags(9, 9, 14)]
)
def test_colors_are_coded_by_the_tags(tmp_path, tags):
    picture = torch.zeros(1, 64, 64, 3, dtype=torch.uint8) + torch.tensor([180, 90, 60]).byte()

    with VideoWriter(tmp_path / "a.mp4", (64, 64), 25, 1, crf=1, colors=tags) as writer:
        writer.write(picture)

    footage = open_footage(tmp_path / "a.mp4")
    [image] = footage.images_at([0.0])
    assert footage.colors == tags
    assert (image.int() - picture[0].int()).abs().max() <= 3


@pytest.mark.parametrize("threads", [1, 3])
def test_the_encoder_has_as_many_threads_as_this_process(tmp_path, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with VideoWriter(tmp_path / "video.mp4", SIZE, 25, 1) as writer:
            writer.write(grey_frames(1))
            given = writer._stream.codec_context.thread_count
    finally:
        torch.set_num_threads(before)

    assert given == threads
