"""The last section: the command, figures and the glossary."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixcon_diag.reporting.command import Command
from pixcon_diag.reporting.page.downloads import section
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.reporting.page.terms import TERMS

METHODS: Any = None


def test_the_command_stands_there_as_text_with_what_it_cannot_say() -> None:
    command = Command("pixcon-diag report 'a<b>'=runs/a", ("Networks in memory: <x>.",))
    body = section(Context(METHODS, {}, command=command)).body
    assert "<code id=command>pixcon-diag report &#39;a&lt;b&gt;&#39;=runs/a</code>" in body
    assert "<p class=note>Networks in memory: &lt;x&gt;.</p>" in body
    assert "id=command" not in section(Context(METHODS, {})).body


def test_figures_are_named_without_the_script_and_held_for_it(tmp_path: Path) -> None:
    (tmp_path / "boundary.pdf").write_bytes(b"%PDF")
    made = section(Context(METHODS, {}, figures=[tmp_path / "boundary.pdf"]))
    assert "<li><code>boundary.pdf</code></li>" in made.body and [*made.images] == ["figure-boundary"]
    assert made.data == {"figures": [{"name": "boundary", "files": ("pdf",), "held": ["pdf"]}]}
    assert "saved-figures" not in section(Context(METHODS, {})).body


def test_versions_and_every_term_are_there() -> None:
    body = section(Context(METHODS, {})).body
    assert f"torch {version('torch')}" in body
    for known in TERMS:
        assert f"<dt id=term-{known.key}>{known.title}</dt>" in body
