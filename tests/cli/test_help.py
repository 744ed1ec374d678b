"""The help of every command: own options first, values a reader understands, examples that the command takes."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from pixcon_cli import diag, train
from pixcon_cli.errors import Failure
from pixcon_cli.help import PixConCommand
from pixcon_train.core.errors import DataError

MAINS = {"pixcon-diag": diag.main, "pixcon-train": train.main}
COMMANDS = [
    (program, name, command)
    for program, main in MAINS.items()
    for name, command in main.commands.items()
    if isinstance(command, PixConCommand)
]
IDS = [f"{program} {name}" for program, name, _ in COMMANDS]


def page(program: str, name: str) -> str:
    result = CliRunner().invoke(MAINS[program], [name, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(("program", "name", "command"), COMMANDS, ids=IDS)
def test_a_page_has_readable_values_and_examples(program: str, name: str, command: PixConCommand) -> None:
    text = page(program, name)
    assert not re.search(r"RANGE|INTEGER|FLOAT", text)
    assert 1 <= len(command.examples) <= 3
    for example in command.examples:
        assert f"  {example}\n" in text


@pytest.mark.parametrize(("program", "name", "command"), COMMANDS, ids=IDS)
def test_the_examples_are_lines_that_the_command_takes(program: str, name: str, command: PixConCommand) -> None:
    for example in command.examples:
        words = shlex.split(example)
        place = words.index(program)
        assert words[place + 1] == name
        # A command keeps the help option of its first context: without the group's settings it would have no -h.
        with click.Context(MAINS[program], info_name=program, **MAINS[program].context_settings) as parent:
            command.make_context(name, words[place + 2 :], parent=parent).close()


def test_own_options_come_before_shared_ones() -> None:
    text = page("pixcon-diag", "gradient")
    headings = re.findall(r"^(\w[\w ]*):$", text, flags=re.MULTILINE)
    assert headings == ["Options", "Bank", "Images", "Network", "Output", "Examples"]
    assert (
        text.index("--anchors N")
        < text.index("--bank-size N")
        < text.index("--dataset NAME")
        < text.index("--out PATH")
    )
    assert re.findall(r"^(\w+):$", page("pixcon-train", "run"), flags=re.MULTILINE) == [
        *("Options", "Recipe", "Method", "Images", "Model", "Schedule", "Machine", "Examples")
    ]


def test_every_option_stands_on_its_page_once() -> None:
    for program, name, command in COMMANDS:
        options = page(program, name).partition("\nOptions:\n")[2]
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                found = re.findall(rf"^  {re.escape(parameter.opts[0])}[ ,\n]", options, flags=re.MULTILINE)
                assert len(found) == 1, (program, name, parameter.opts)


def test_an_error_is_coloured_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Failure(DataError("No list at x.")).show()
    assert capsys.readouterr().err == "Error: No list at x.\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    Failure(DataError("No list at x.")).show()
    assert capsys.readouterr().err == "\x1b[1;31mError:\x1b[0m No list at x.\n"


@pytest.mark.parametrize("name", ["geometry", "tsne", "coverage", "gradient"])
def test_saved_predictions_are_refused_with_what_measures_them(name: str) -> None:
    result = CliRunner().invoke(diag.main, [name, "--predictions", "mine=folder"])
    assert result.exit_code == 2 and "no features and no network" in result.stderr
    assert (
        "`contamination`, `tau`, `estimate`, `audit-labels` and `measure`" in result.stderr
        and "Traceback" not in result.output
    )
    assert "--predictions" not in page("pixcon-diag", name).replace("examples", "")
