"""The command that is shown makes the same study again."""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from pixcon_cli.diagnose.report import report
from pixcon_diag import study
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.arguments import Sources
from pixcon_diag.groups.options import BankOptions, StudyOptions
from pixcon_diag.passes.options import BandOptions, RunChoice
from pixcon_diag.reporting.command import Command, command_of
from pixcon_train.core.shell import quoted
from tests.pixcon_diag.analyses.made import evaluation_data


def command(methods: Sources, options: StudyOptions | None = None, **more: Any) -> Command:
    return command_of(study.Study(methods, options=options, **more), {"--out": "rep"})


def again(line: str, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """What the command line makes of a command."""
    made: dict[str, Any] = {}

    class Asked:
        only_logs = True  # nothing is measured ahead

        def __init__(self, methods: Any, **options: Any) -> None:
            made.update(options, methods=methods)

        def report(self, folder: Path, **options: Any) -> str:
            made.update(folder=folder)
            return ""

    monkeypatch.setattr(study, "Study", Asked)
    words = shlex.split(line)
    assert words[:2] == ["pixcon-diag", "report"]
    result = CliRunner().invoke(report, words[2:], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return made


OPTIONS = StudyOptions(
    weights="student",
    allow_legacy=True,
    recipe="corrmatch",
    feature="head.0",
    data=DataChoice("digits", Path("my data"), Path("a;b.txt"), 7, "raw"),
    run=RunChoice("pixcon", "cuda:1", 8, 0, 0),
    taus=(0.9, 0.123456789),
    bank=BankOptions(Path("bank $HOME.txt")),
    seed=3,
)


def test_every_option_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {"no bank": ["runs/a b", "runs/it's"], "--x": ["runs/c"]}
    found = command(methods, OPTIONS, baseline="no bank", predictions={"saved": ["maps"]})
    assert found.notes == ()
    made = again(found.line, monkeypatch)
    assert [*made["methods"]] == ["no bank=runs/a b,runs/it's", "--x=runs/c"]
    assert made["options"] == OPTIONS and made["baseline"] == "no bank" and made["predictions"] == ("saved=maps",)
    assert made["folder"] == Path("rep")


def test_a_network_of_all_files_stands_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    found = command(["a.pth", "b=b.pth"], StudyOptions(model="my nets.py:build"))
    assert found.notes == ()
    assert [*again(found.line, monkeypatch)["methods"]] == ["my nets.py:build@a.pth", "b=my nets.py:build@b.pth"]


def test_defaults_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(["runs/a", "b=runs/b"]) == Command("pixcon-diag report runs/a b=runs/b --out rep", ())
    assert command({"b": [Path("runs/b")]}).line == "pixcon-diag report b=runs/b --out rep"


def test_what_no_command_can_say_is_noted() -> None:
    network = wrap_module(torch.nn.Conv2d(3, 11, 1), num_classes=11, name="mine")
    options = StudyOptions(data=evaluation_data(), band=BandOptions((2,)), bank=BankOptions(size=9), cache=Path("c"))
    found = command({"mine": network, "a/b": ["x"], "c": ["y,z"]}, options)
    assert found.line == "pixcon-diag report a/b=x c=y,z --out rep"
    notes = "\n".join(found.notes)
    for part in ("in memory are no argument of the command: mine", "'a/b'", "'c'", "images were given from Python"):
        assert part in notes
    for part in ("StudyOptions.band = BandOptions(widths=(2,)", "BankOptions.size = 9", "StudyOptions.cache ="):
        assert part in notes


@pytest.mark.parametrize(
    "word",
    ["runs/a", "a b", "it's", "$(rm x)", "a\nb", "caf\udce9", "\u202egnp", "\x1b[2J\\'", "日本 語", "", "`x`;&|"],
)
def test_a_shell_reads_every_word_as_it_was_and_nothing_in_it_is_hidden(word: str) -> None:
    line = quoted(word)
    assert not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in line)
    assert "\u202e" not in line
    done = subprocess.run(["bash", "-c", f"printf %s {line}"], capture_output=True, check=True)
    assert done.stdout == word.encode("utf-8", "surrogateescape")
