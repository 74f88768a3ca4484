"""Job files and folders, and what is wrong with a line."""

import pytest

from moda_core.cli.batch.job_file import folder_jobs, read_job_file
from moda_core.errors import InputFileError, MoDAError


def read(folder, name, text):
    path = folder / name
    path.write_text(text, "utf-8")
    return read_job_file(path)


def test_each_line_of_jsonl_is_a_job_with_its_number(tmp_path):
    text = '\ufeff{"portrait": "ä.png", "seed": 7}\n\n# a remark\n{"audio": "b.wav"}\r\n'

    lines = read(tmp_path, "jobs.jsonl", text)

    assert [(line.number, line.fields, line.problem) for line in lines] == [
        (1, {"portrait": "ä.png", "seed": 7}, ""),
        (4, {"audio": "b.wav"}, ""),
    ]


@pytest.mark.parametrize("text", ["{", "portrait", "[1]", "7", '"a"', "{'a': 1}", "[" * 100_000])
def test_what_is_no_object_is_a_problem_of_its_line_alone(tmp_path, text):
    lines = read(tmp_path, "jobs.jsonl", f'{text}\n{{"portrait": "a.png"}}')

    assert lines[0].problem
    assert not lines[0].fields
    assert [line.number for line in lines] == [1, 2]
    assert not lines[1].problem


def test_cells_of_csv_are_fields_where_they_are_not_empty(tmp_path):
    text = 'portrait, audio,seed\na.png,"b, c.wav",\n\n"two\nlines.png",d.wav,7\nx,y,1,2\n'

    lines = read(tmp_path, "jobs.csv", text)

    assert [(line.number, line.fields) for line in lines[:2]] == [
        (2, {"portrait": "a.png", "audio": "b, c.wav"}),
        (4, {"portrait": "two\nlines.png", "audio": "d.wav", "seed": "7"}),
    ]
    assert lines[2].number == 6
    assert "4 cells" in lines[2].problem


def test_a_quotation_that_does_not_end_is_a_problem(tmp_path):
    lines = read(tmp_path, "jobs.csv", 'portrait,audio\na,b\n"c,d\n')

    assert [bool(line.problem) for line in lines] == [False, True]


@pytest.mark.parametrize(
    ("name", "text"), [("jobs.txt", "{}"), ("jobs.jsonl", "\n"), ("a.csv", "")]
)
def test_files_without_jobs_are_refused_by_name(tmp_path, name, text):
    with pytest.raises(InputFileError, match=name):
        read(tmp_path, name, text)


def test_a_missing_or_binary_file_is_refused_by_name(tmp_path):
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")

    for name in ("a.jsonl", "b.jsonl"):
        with pytest.raises(InputFileError, match=name):
            read_job_file(tmp_path / name)


@pytest.fixture
def folders(tmp_path):
    for name in (
        "p/a.png",
        "p/b.JPG",
        "p/c.mp4",
        "p/notes.txt",
        "p/.hidden.png",
        "s/a.wav",
        "s/c.mp3",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "p" / "folder.png").mkdir()
    return tmp_path / "p", tmp_path / "s"


def pairs(lines):
    return [
        tuple(line.fields[name].rsplit("/", 1)[1] for name in ("portrait", "audio"))
        for line in lines
    ]


def test_all_pairs_of_two_folders_are_jobs(folders):
    lines, alone = folder_jobs(*folders, "all")

    sounds = ("a.wav", "c.mp3")
    assert pairs(lines) == [(p, s) for p in ("a.png", "b.JPG", "c.mp4") for s in sounds]
    assert [line.number for line in lines] == list(range(1, 7))
    assert alone == []


def test_equal_names_are_pairs_and_the_others_are_told(folders):
    lines, alone = folder_jobs(*folders, "names")

    assert pairs(lines) == [("a.png", "a.wav"), ("c.mp4", "c.mp3")]
    assert [path.name for path in alone] == ["b.JPG"]


def test_folders_without_a_pair_are_refused(folders):
    (folders[1] / "a.wav").rename(folders[1] / "d.wav")
    (folders[1] / "c.mp3").rename(folders[1] / "e.wav")
    with pytest.raises(MoDAError, match="names"):
        folder_jobs(*folders, "names")
    with pytest.raises(InputFileError, match="gone"):
        folder_jobs(folders[0] / "gone", folders[1], "all")
