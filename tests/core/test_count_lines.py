"""The counting command tells code, docstrings, comments and blanks apart."""

from tests.count_lines import count, long_parameter_lists, main

TEXT = '''"""A file."""

import os


def join(
    first: str,
    second: str,
) -> str:
    """Join two words.

    Both may be empty.
    """
    # A comment.
    text = """a string,

    no docstring"""
    return os.sep.join((first, second, text))
'''


def test_lines_are_told_apart():
    figures = count(TEXT)

    assert figures == {"lines": 18, "code": 9, "docstrings": 5, "blank": 3, "comments": 1}


def test_long_parameter_lists_leave_self_out():
    text = (
        "class A:\n    def eight(self, a, b, c, d, e, f, g, *, h): ...\n"
        "    def seven(self, a, b, c, d, e, f, *rest): ...\n"
    )

    assert long_parameter_lists(text) == {"eight:2": 8}


def test_a_checkout_is_counted_without_its_tests(tmp_path):
    for name in ("__init__.py", "moda_core/errors.py", "moda_core/audio/clip.py", "tests/x.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a = 1\n")

    figures = main(tmp_path)

    assert (figures["lines"], figures["folders"], figures["files"]) == (3, 1, 1)
