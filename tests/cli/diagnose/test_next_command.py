"""The line that names the next command."""

import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from pixcon_cli.diag import main
from pixcon_cli.diagnose.next_command import notify_next
from tests.cli.farm import call


def named(result: Result) -> list[str]:
    """The next command as words; empty where none is named."""
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("Next: ")]
    assert len(lines) < 2 and "Next: " not in result.stdout
    return shlex.split(lines[0].removeprefix("Next: ").partition("  (")[0]) if lines else []


def after(capsys: pytest.CaptureFixture[str], name: str, *arguments: Any) -> list[str]:
    """The command named after another one, which is not run."""
    command = main.commands[name]
    with click.Context(main, info_name="pixcon-diag", **main.context_settings) as parent:
        context = command.make_context(name, [str(argument) for argument in arguments], parent=parent)
        with context.scope():
            notify_next()
    text = " ".join(capsys.readouterr().err.split())
    return shlex.split(text.removeprefix("Next: ").partition(" (")[0])


def test_it_takes_the_methods_and_what_means_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("my runs/a", "b=x,y", "--dataset", "pascal", "--tau", 0.9, "--tau", 0.8, "--baseline", "b")
    report = ["pixcon-diag", "report", "my runs/a", "b=x,y"]
    words = after(capsys, "contamination", *given, "--out", "f", "--width", 2)
    assert words[:4] == report and sorted(words[4:]) == sorted(
        ["--dataset", "pascal", "--tau", "0.9", "--tau", "0.8", "--baseline", "b"]
    )
    assert after(capsys, "qualitative", "r", "--count", 2, "--seed", 1, "--workers", 0) == [
        *("pixcon-diag", "report", "r", "--workers", "0")
    ]
    assert (
        after(capsys, "dynamics", "r")
        != after(capsys, "contamination", "r", "--allow-outside")
        == [*("pixcon-diag", "report", "r", "--allow-outside")]
    )
    assert after(capsys, "gradient", "r", "--anchors", 2, "--bank-list", "l") == [
        *("pixcon-diag", "coverage", "r", "--bank-list", "l")
    ]


def test_in_a_narrow_terminal_it_is_folded(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = ("runs/a", "--data-root", "/data/pascal/VOC2012", "--list", "splits/pascal/val.txt", "--dataset", "pascal")
    monkeypatch.setenv("COLUMNS", "60")
    with click.Context(main, info_name="pixcon-diag", **main.context_settings) as parent:
        context = main.commands["contamination"].make_context("contamination", [*given], parent=parent)
        with context.scope():
            notify_next()
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == "Next: everything on one page" and all(len(line) <= 60 for line in lines)
    words = shlex.split("".join(line.removesuffix("\\") for line in lines))
    assert words[:3] == ["pixcon-diag", "report", "runs/a"] and sorted(words[3:]) == sorted(given[1:])


@pytest.mark.parametrize("width", [20, 80])
def test_a_word_that_is_too_long_keeps_its_backslash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    given = [f"/data/{letter * 90}" for letter in "ab"]
    monkeypatch.setenv("COLUMNS", str(width))
    with click.Context(main, info_name="pixcon-diag", **main.context_settings) as parent:
        context = main.commands["bank-effect"].make_context("bank-effect", [*given], parent=parent)
        with context.scope():
            notify_next()
    text = capsys.readouterr().err.partition("pixcon-diag")[2]
    assert shlex.split("".join(line.removesuffix("\\") for line in text.splitlines())) == ["power", *given]
    assert all(line.endswith(" \\") for line in text.splitlines()[:-1])


def test_saved_maps_are_followed_by_a_command_that_takes_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert after(capsys, "tau", "r")[:2] == ["pixcon-diag", "coverage"]
    maps = ("--predictions", "mine=maps")
    assert after(capsys, "tau", *maps) == ["pixcon-diag", "report", *maps]
    assert after(capsys, "contamination", *maps) == ["pixcon-diag", "report", *maps]


def test_what_is_not_seen_in_a_path_is_spelt_for_the_shell(capsys: pytest.CaptureFixture[str]) -> None:
    words = after(capsys, "contamination", "runs/\u202ea", "--data-root", "b\x1b")
    assert words == ["pixcon-diag", "report", "$runs/\\xe2\\x80\\xaea", "--data-root", "$b\\x1b"]  # of $'…'


def test_every_command_names_one_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    for name in main.commands:
        if name in ("report", "check-data", "inspect", "convert", "convert-masks", "demo"):
            continue
        words = after(capsys, name, "runs/a")
        assert words[0] == "pixcon-diag" and words[1] in main.commands and words[2] == "runs/a", name


def test_label_maps_and_logs_have_a_report_too(capsys: pytest.CaptureFixture[str]) -> None:
    maps = ("--predictions", "mine=folder")
    assert after(capsys, "compare", *maps) == ["pixcon-diag", "report", *maps]
    assert after(capsys, "power", "a.log") == ["pixcon-diag", "report", "a.log"]


def test_a_sheet_asks_for_its_answers_first(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["pixcon-diag", "duel", "a", "b", "--answers", "CSV"]
    assert after(capsys, "duel", "a", "b", "--count", 3) == asked
    assert after(capsys, "duel", "a", "b", "--answers", "x.csv") == ["pixcon-diag", "report", "a", "b"]


def test_a_command_ends_with_it_except_in_json(runs: Path) -> None:
    run = runs / "farm-none-0"
    assert named(call("boundary", run, "--workers", 0)) == [*("pixcon-diag", "qualitative", str(run), "--workers", "0")]
    assert named(call("boundary", run, "--workers", 0, "--json")) == []
    assert named(call("dynamics", runs)) == ["pixcon-diag", "doctor", str(runs)]
