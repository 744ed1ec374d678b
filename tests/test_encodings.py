"""Text files are opened with their encoding, which otherwise depends on the machine."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [
    path for folder in ("pixcon_train", "pixcon_diag", "cli", "figures") for path in (ROOT / folder).rglob("*.py")
]


def silent_calls(text: str) -> list[int]:
    """Lines of calls that open, read or write text and do not say in which encoding."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and _opens_text(node) and all(each.arg != "encoding" for each in node.keywords)
    ]


def _opens_text(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("open", "NamedTemporaryFile", "TemporaryFile"):
        binary = "b" in _mode(call, name)
        owner = getattr(call.func.value, "id", "") if isinstance(call.func, ast.Attribute) else ""
        return not binary and owner not in ("Image", "os", "archive")  # members of zip archives are bytes
    own = isinstance(call.func, ast.Name)  # pixcon_train.core.files.read_text and write_text say it themselves
    return name in ("read_text", "write_text") and not own


def _mode(call: ast.Call, name: str) -> str:
    """The mode that a call gives: by name, or the first argument, after the path of the built-in ``open``."""
    own = isinstance(call.func, ast.Name) and name == "open"
    given = [each.value for each in call.keywords if each.arg == "mode"] or call.args[1 if own else 0 :]
    if given and isinstance(given[0], ast.Constant):
        return str(given[0].value)
    return "" if given or not name.endswith("TemporaryFile") else "w+b"


def test_every_text_file_is_opened_with_its_encoding() -> None:
    found = {str(path.relative_to(ROOT)): silent_calls(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert len(found) > 100 and {path: lines for path, lines in found.items() if lines} == {}


def test_a_call_that_does_not_say_it_is_found() -> None:
    silent = (
        "open('table.csv', 'w')",
        "open('b', mode='r')",
        "path.open('w', 1, newline='b')",
        "open(x)",
        "open(x, 'w')",
        "path.open()",
        "path.read_text()",
        "path.write_text(text)",
    )
    said = ("open(x, 'rb')", "path.open(mode='wb')", "path.read_text(encoding='utf-8')", "read_text(path)")
    assert all(silent_calls(each) == [1] for each in silent)
    assert all(silent_calls(each) == [] for each in said)
