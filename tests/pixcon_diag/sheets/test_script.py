"""The script of the sheet, run by Node.js without a browser; skipped where Node.js is missing."""

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.sheets.answers import read_answers
from tests.pixcon_diag.sheets.made import COMPONENTS

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
SCRIPT = str(resources.files("pixcon_diag.sheets") / "sheet.js")

PAGE = """
const elements = {};
const element = () => ({ style: {}, append() {}, replaceChildren(...made) { this.made = made; }, click() {} });
const listeners = {};
global.localStorage = { kept: {}, getItem(k) { return this.kept[k] ?? null; }, setItem(k, v) { this.kept[k] = v; } };
const page = {
  getElementById: (id) => (elements[id] ??= element()),
  createElement: element,
  addEventListener: (name, listener) => (listeners[name] = listener),
};
const press = (key) => listeners.keydown({ key });
const stored = () => Object.values(localStorage.kept).map((text) => JSON.parse(text))[0];
"""
"""A page as far as the script uses it."""


def run(body: str, *, mixed: bool = True) -> Any:
    """The value of ``body``, JavaScript with the script's functions as ``sheet`` and the questions as ``content``."""
    questions = [
        {"name": str(n), "component": c, "caption": "a", "image": 'a, "b".jpg', "mark": [0.5, 0.5],
         "classes": [{"key": k, "text": k, "color": "#000000"} for k in "AB"]}
        for n, c in enumerate(COMPONENTS, 1)
    ]  # fmt: skip
    content = {"id": "abc", "mixed": mixed, "file": "answers.csv", "questions": questions}
    program = (
        f"const sheet = require({json.dumps(SCRIPT)}); const content = {json.dumps(content)};\n{PAGE}\n"
        f"const value = () => {{ {body} }}; console.log(JSON.stringify(value() ?? null));"
    )
    done = subprocess.run([NODE or "node", "-e", program], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pressed(keys: list[str], *, mixed: bool = True) -> Any:
    """The answers that the browser keeps after some keys."""
    body = f"global.document = page; sheet.start(content); {json.dumps(keys)}.forEach(press); return stored();"
    return run(body, mixed=mixed)


def test_questions_of_an_answered_component_are_passed_over() -> None:
    """Question 3 has the component of 1, and 5 that of 2."""
    assert pressed(["a", "n", "b"]) == {"1": "A", "2": "N", "4": "B"}
    assert run('return sheet.firstOpen(content, {"1": "A", "2": "N", "4": "B"});') == 5


def test_a_mixed_component_asks_for_its_pixel_and_asks_again() -> None:
    assert pressed(["m", "b", "a", "m", "n", "b"]) == {"1": "MB", "2": "A", "3": "MN", "4": "B"}
    assert run('return sheet.answerOf(content, {"1": "MB"}, 2);') is None


def test_a_mixed_answer_can_be_called_off() -> None:
    assert pressed(["m", "m", "Escape", "a"]) == {"1": "A"}


def test_going_back_changes_an_answer() -> None:
    assert pressed(["a", "b", "ArrowLeft", "ArrowLeft", "n"]) == {"1": "N", "2": "B"}


def test_keys_that_mean_nothing_do_nothing() -> None:
    assert pressed(["x", "u", "1", "ArrowLeft"]) is None


def test_without_mixed_every_question_is_asked() -> None:
    assert pressed(["a", "u", "n", "b", "a", "a"], mixed=False) == {"1": "A", "2": "U", "3": "N", "4": "B", "5": "A"}


def test_the_saved_answers_are_read(tmp_path: Path) -> None:
    text = run('return sheet.csv(content, {"1": "MB", "4": "N"});')
    (tmp_path / "answers.csv").write_text(text)
    given = read_answers([tmp_path / "answers.csv"], "abc", mixed=True)
    assert {name: answer.letters for name, answer in given.items()} == {"1": "MB", "4": "N"}


def test_a_browser_that_keeps_nothing_is_noted() -> None:
    body = """
    global.document = page;
    global.localStorage = { getItem() { throw new Error(); }, setItem() { throw new Error(); } };
    sheet.start(content); press("a");
    return [elements.warning.hidden, elements.status.textContent];
    """
    assert run(body) == [False, "question 2 of 5, 2 answered"]
