"""`python -m tests.count_lines [FOLDER]`: lines of the product by kind, and long parameter lists.

Counts the Python files that users get (the root's `__init__.py`, `moda_core`, `nodes`), as they are
after `ruff format`. Prints one JSON object; FOLDER is a checkout, by default this one.
"""

import ast
import io
import json
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MANY = 7  # parameters, `self` and `cls` aside
SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def count(text: str) -> dict[str, int]:
    """Count the lines of a source text: of docstrings (their blanks too), blank, comment, code."""
    docstrings = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, SCOPES) and ast.get_docstring(node, clean=False) is not None:
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            code |= set(range(token.start[0], token.end[0] + 1))
    lines = text.splitlines()
    code &= set(range(1, len(lines) + 1))
    blank = {number for number, line in enumerate(lines, 1) if not line.strip()}
    code -= docstrings
    blank -= docstrings | code
    return {
        "lines": len(lines),
        "code": len(code),
        "docstrings": len(docstrings),
        "blank": len(blank),
        "comments": len(lines) - len(code) - len(docstrings) - len(blank),
    }


def long_parameter_lists(text: str) -> dict[str, int]:
    """Return the functions with more than `MANY` parameters, with their number."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
            names = [name for name in names if name not in ("self", "cls")]
            number = len(names) + len(arguments.kwonlyargs)
            number += (arguments.vararg is not None) + (arguments.kwarg is not None)
            if number > MANY:
                found[f"{node.name}:{node.lineno}"] = number
    return found


def main(folder: Path) -> dict:
    """Count a checkout; return the figures."""
    paths = [folder / "__init__.py"]
    paths += [path for name in ("moda_core", "nodes") for path in (folder / name).rglob("*.py")]
    total, rooms = {}, set()
    long_lists = {}
    for path in sorted(paths):
        text, name = path.read_text("utf-8"), path.relative_to(folder).as_posix()
        for kind, number in count(text).items():
            total[kind] = total.get(kind, 0) + number
        if name.startswith("moda_core/"):
            rooms.add(name.split("/")[1])
            long_lists |= {f"{name}:{key}": n for key, n in long_parameter_lists(text).items()}
    return {
        **total,
        "docstring_share": round(total["docstrings"] / total["lines"], 3),
        "folders": sum(not room.endswith(".py") for room in rooms),
        "files": sum(room.endswith(".py") for room in rooms),
        "functions_with_many_parameters": len(long_lists),
        "most_parameters": max(long_lists.values(), default=0),
        "long_parameter_lists": long_lists,
    }


if __name__ == "__main__":
    figures = main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
