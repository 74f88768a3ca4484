"""What the report says is there, is missing, and where it belongs."""

import pytest
import torch
from safetensors.torch import save_file

from moda_core.model_files.catalog import named_files
from moda_core.model_files.model_folder import RENDERER_PARTS
from moda_core.model_files.places import folder_places, kind_places
from moda_core.model_files.report import describe, report_files, summarise_licences
from moda_core.model_files.stamps import Stamps

WEIGHTS = {"weight": torch.zeros(4)}


def add(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".safetensors":
            save_file(WEIGHTS, path)
        else:
            torch.save(WEIGHTS, path)


@pytest.fixture
def models(tmp_path):
    """A folder of models, as ComfyUI has it."""
    return tmp_path / "models"


@pytest.fixture
def places(models):
    return kind_places(
        {kind: [models / kind] for kind in ("moda", "liveportrait", "audio_encoders")}
    )


@pytest.fixture
def stamps(tmp_path):
    return Stamps(tmp_path / "checked")


def missing(places, names=()):
    return [report.file.name for report in report_files(places, named_files(list(names)))
            if report.is_missing]  # fmt: skip


def text_of(places, stamps, name):
    (report,) = report_files(places, named_files([name]))
    return "\n".join(describe(report, stamps))


def test_in_empty_folders_everything_is_missing(places):
    assert missing(places) == [file.name for file in named_files([])]


def test_a_missing_file_is_described_with_all_that_fetching_it_by_hand_takes(
    places, models, stamps
):
    text = text_of(places, stamps, "warping_module")

    assert "warping_module: 182 MB, licence MIT" in text
    assert f"looked in {models / 'liveportrait'}, {models / 'moda'}" in text
    assert "https://huggingface.co/KlingTeam/LivePortrait/resolve/82a4fa6" in text
    assert f"to: {models / 'moda' / 'liveportrait' / 'warping_module.pth'}" in text
    assert 'about 1.49 GB, licence none stated, "academic research"' in text_of(
        places, stamps, "net-200"
    )


@pytest.mark.parametrize(
    ("kind", "layout"),
    [
        ("moda", "decode/v1/first_stage/{}"),
        ("liveportrait", "{}"),
        ("moda", "liveportrait/{}"),
    ],
    ids=["released tree", "another pack's", "ours"],
)
def test_the_layouts_that_people_have_are_found(places, models, kind, layout):
    base = models / kind
    for part in RENDERER_PARTS:
        group = "retargeting_models" if part.startswith("stitching") else "base_models"
        name = f"{group}/{part}.pth" if kind == "moda" else f"{part}.safetensors"
        add(base, layout.format(name))
    add(models / "moda", "moda/net-200.pth", "audio/chinese-hubert-base/pytorch_model.bin")
    (models / "moda" / "audio" / "chinese-hubert-base" / "config.json").write_text("{}")

    reports = report_files(places)

    assert [report.problem for report in reports] == [None] * 7
    assert all(report.found.is_file() for report in reports)


def test_another_packs_extras_do_not_matter(places, models):
    add(models / "liveportrait", *(f"{part}.safetensors" for part in RENDERER_PARTS))
    add(models / "liveportrait", *(f"animal/{part}.safetensors" for part in RENDERER_PARTS))
    add(models / "liveportrait", "landmark_model.pth")

    reports = report_files(places, named_files(["renderer"]))

    assert {report.found.parent for report in reports} == {models / "liveportrait"}


def test_the_rest_of_a_renderer_belongs_beside_its_other_files(places, models):
    add(models / "liveportrait", *(f"base_models/{part}.pth" for part in RENDERER_PARTS[:3]))

    reports = report_files(places, named_files(["renderer"]))

    assert [report.is_missing for report in reports] == [False] * 3 + [True] * 2
    folder = models / "liveportrait"
    assert reports[3].target == folder / "base_models" / f"{RENDERER_PARTS[3]}.pth"
    assert reports[4].target == folder / "retargeting_models" / f"{RENDERER_PARTS[4]}.pth"


def test_of_two_incomplete_renderers_the_larger_one_is_completed(places, models):
    add(models / "liveportrait", f"{RENDERER_PARTS[0]}.safetensors")
    add(models / "moda", *(f"mine/{part}.pth" for part in RENDERER_PARTS[1:]))

    (report,) = (each for each in report_files(places) if each.file.part == RENDERER_PARTS[0])

    assert report.is_missing
    assert report.target.parent == models / "moda" / "mine"


def test_a_whole_renderer_counts_wherever_it_is(places, models):
    add(models / "liveportrait", *(f"{part}.safetensors" for part in RENDERER_PARTS[:4]))
    add(models / "moda", *(f"mine/{part}.pth" for part in RENDERER_PARTS))

    assert missing(places, ["renderer"]) == []


def test_an_encoder_is_found_as_one_file_where_it_would_be_fetched_to(places, models):
    (file,) = named_files(["chinese-hubert-base"])
    add(models, file.target)

    (report,) = report_files(places, [file])

    assert report.found == places.target(file) == report.target


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>404", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"", "is empty"),
        (b"PK\x03\x04 cut", "cut short"),
    ],
)
def test_a_file_of_no_use_is_named_and_counts_as_missing(places, models, stamps, content, said):
    add(models / "moda", "net-200.pth")
    (models / "moda" / "net-200.pth").write_bytes(content)

    text = text_of(places, stamps, "net-200")

    assert missing(places, ["net-200"]) == ["net-200"]
    assert f"found: {models / 'moda' / 'net-200.pth'}" in text
    assert said in text
    assert "from: https://" in text


def test_a_safetensors_file_that_is_cut_short_is_named(places, models, stamps):
    add(models / "moda", "net-200.safetensors")
    path = models / "moda" / "net-200.safetensors"
    path.write_bytes(path.read_bytes()[:-1])

    assert "damaged or cut short" in text_of(places, stamps, "net-200")


def test_a_good_file_counts_although_a_broken_one_has_the_better_name(places, models):
    add(models / "moda", "net-200.pth")
    (models / "moda" / "net-200.safetensors").write_bytes(b"version https://git-lfs.github.com/")

    (report,) = report_files(places, named_files(["net-200"]))

    assert report.found == models / "moda" / "net-200.pth"
    assert not report.is_missing


def test_a_good_encoder_counts_although_another_folder_has_a_broken_one(places, models):
    add(models / "audio_encoders", "chinese-hubert-base/model.safetensors")
    add(models / "moda", "chinese-hubert-base/pytorch_model.bin")
    (models / "moda" / "chinese-hubert-base" / "pytorch_model.bin").write_bytes(b"<html>")
    (models / "moda" / "chinese-hubert-base" / "config.json").write_text("{}")

    assert missing(places, ["chinese-hubert-base"]) == []


def test_a_broken_part_of_a_renderer_is_fetched_to_where_the_others_are(places, models):
    add(models / "liveportrait", *(f"{part}.safetensors" for part in RENDERER_PARTS))
    (models / "liveportrait" / "warping_module.safetensors").write_bytes(b"<html>")

    (report,) = report_files(places, named_files(["warping_module"]))

    assert report.is_missing
    assert report.target == models / "liveportrait" / "warping_module.pth"
    add(models / "liveportrait", "warping_module.pth")  # as if it had been fetched
    assert missing(places, ["renderer"]) == []


def test_a_whole_renderer_counts_before_one_with_a_broken_part(places, models):
    add(models / "liveportrait", *(f"{part}.safetensors" for part in RENDERER_PARTS))
    (models / "liveportrait" / "warping_module.safetensors").write_bytes(b"<html>")
    add(models / "moda", *(f"mine/{part}.pth" for part in RENDERER_PARTS))

    assert missing(places, ["renderer"]) == []


def test_files_that_lie_apart_are_no_beginning_of_a_renderer(places, models):
    add(models / "moda", "a/motion_extractor.pth", "b/warping_module.pth")

    reports = report_files(places, named_files(["renderer"]))

    there = {report.target.parent for report in reports if report.is_missing}
    assert len(there) == 1
    assert there <= {models / "moda" / "a", models / "moda" / "b"}


def test_the_authors_own_two_folders_are_completed_as_two(places, models):
    add(models / "moda", *(f"x/base_models/{part}.pth" for part in RENDERER_PARTS[1:4]))
    add(models / "moda", f"x/retargeting_models/{RENDERER_PARTS[4]}.pth")

    (report,) = (each for each in report_files(places) if each.is_missing and each.file.part
                 == RENDERER_PARTS[0])  # fmt: skip

    assert report.target == models / "moda" / "x" / "base_models" / f"{RENDERER_PARTS[0]}.pth"


def test_a_link_to_nowhere_is_named(places, models, stamps):
    (models / "moda").mkdir(parents=True)
    try:
        (models / "moda" / "net-200.pth").symlink_to(models / "gone")
    except OSError:
        pytest.skip("this system makes no links")

    assert "broken link" in text_of(places, stamps, "net-200")


def test_licences_are_named_once_for_each_page():
    text = summarise_licences(named_files([]))

    assert text.count("KlingTeam/LivePortrait: MIT") == 1
    assert 'lixinyizju/moda: none stated, "academic research"' in text


def test_the_command_line_folder_holds_all_kinds(tmp_path):
    add(tmp_path, "x/net-200.pth")

    assert missing(folder_places(tmp_path), ["net-200"]) == []
