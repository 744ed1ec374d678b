"""What reaches the terminal: text, and no commands of a file's making."""

import io
import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from rich.table import Table
from rich.text import Text

from pixcon_cli.console import bars, notes, output, print_json, say
from pixcon_cli.errors import PixConGroup
from pixcon_cli.streams import ShownStream, shown_output, within
from pixcon_train.core.errors import DataError
from pixcon_train.core.foreign_text import is_hidden

HOSTILE = "a\x1b[2J\x1b]0;title\x07b\u202ec\u2066d\x9b31me\u200bf\u2028g\rh\x7f"
VISIBLE = "a⟨U+001B⟩[2J⟨U+001B⟩]0;title⟨U+0007⟩b⟨U+202E⟩c⟨U+2066⟩d⟨U+009B⟩31me⟨U+200B⟩f⟨U+2028⟩g⟨U+000D⟩h⟨U+007F⟩"


def test_a_message_fits_between_its_words(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: " + "word " * 30 + "/a/path/" + "x" * 90 + " ends.\nb: " + "word " * 20
    monkeypatch.setenv("COLUMNS", "80")
    say(notes(), text)
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if len(line) > 80] == ["/a/path/" + "x" * 90]
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())
    monkeypatch.delenv("COLUMNS")
    say(notes(), "word " * 60)
    assert capsys.readouterr().err.splitlines() == ["word " * 60]


def test_a_command_in_a_message_stays_on_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "`pip install 'pixcon-diag[sweeps]' and what else`"
    monkeypatch.setenv("COLUMNS", "60")
    say(notes(), f"{'word ' * 9}{command} {'word ' * 9}")
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith(command) and all(len(line) <= 60 for line in lines)


def group(command: click.Command) -> PixConGroup:
    return PixConGroup(commands={"run": command})


def said(command: click.Command) -> str:
    return CliRunner().invoke(group(command), ["run"]).output


def test_every_way_of_writing_shows_what_is_not_seen() -> None:
    @click.command()
    def run() -> None:
        print(HOSTILE)
        print(HOSTILE, file=sys.stderr)
        sys.stdout.writelines([HOSTILE, "\n"])
        output().print(HOSTILE, soft_wrap=True)
        say(notes(), HOSTILE)
        table = Table(HOSTILE)
        table.add_row(HOSTILE)
        output().print(table, width=400)
        raise DataError(f"No file at {HOSTILE}.")

    text = said(run)
    assert (text.count(VISIBLE), text.count("U+202E")) == (6, 8) and not is_hidden(text)
    assert text.endswith(f"Error: No file at {VISIBLE}.\n")


def test_a_name_begins_no_line_of_a_message() -> None:
    @click.command()
    def run() -> None:
        raise DataError("No file at a\nError: b\n")

    assert said(run) == "Error: No file at a\n  Error: b\n"


def test_a_message_of_a_million_characters_is_cut() -> None:
    @click.command()
    def run() -> None:
        raise DataError(f"No file at {'a' * 10**6}, of b.")

    assert len(said(run)) < 11_000 and said(run).endswith("a, of b.\n")


def test_a_wrong_option_is_shown() -> None:
    text = CliRunner().invoke(group(click.Command("run")), ["run", f"--{HOSTILE}"]).output
    assert "No such option" in text and not is_hidden(text)


def test_json_is_exact_on_a_terminal_too(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_output():
        print_json({HOSTILE: "ρ"})
    text = capsys.readouterr().out
    assert "\\u001b" in text and "ρ" in text and "\u202e" not in text
    assert json.loads(text) == {HOSTILE: "ρ"}


def test_styles_and_bars_are_the_program_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with shown_output():
        notes().print(Text("red", style="red"))
        display = bars(notes())
        display.add_task(f"measuring {HOSTILE}", total=2)
        with display:
            click.echo(HOSTILE, err=True)
            say(notes(), HOSTILE)
    text = stream.getvalue()
    assert text.startswith("\x1b[31mred\x1b[0m\n") and "\x1b[2K" in text  # a colour, and a bar that is redrawn
    assert "\x1b[2J" not in text and "\x1b]" not in text and "\u202e" not in text and "\x9b" not in text


def test_a_traceback_is_shown() -> None:
    code = f"""
import click
from pixcon_cli.errors import PixConGroup
@click.command()
def run():
    raise RuntimeError({HOSTILE!r})
PixConGroup(commands={{"run": run}})(["run"])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    told = ended.stderr.decode("utf-8")
    assert ended.returncode == 1 and told.startswith("Traceback") and told.endswith(f"RuntimeError: {VISIBLE}\n")


def test_a_library_s_progress_bar_returns_to_the_start_of_its_line() -> None:
    stream = ShownStream(inner := io.StringIO())
    stream.write("\rhalf\r")
    stream.write("\r")
    stream.write("a\rb\n")
    assert inner.getvalue() == "\rhalf\r\ra⟨U+000D⟩b\n"
    assert within(stream) is inner and not hasattr(stream, "buffer")
