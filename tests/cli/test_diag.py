"""`pixcon-diag` itself: its commands, its help and its version."""

import click
import pytest

from pixcon_cli.diag import main
from pixcon_train.core.version import VERSION
from tests.cli.farm import call, one_message


def test_the_help_lists_every_command_with_what_it_does() -> None:
    result = call("--help")
    assert result.exit_code == 0
    for name, command in main.commands.items():
        assert f"  {name} " in result.stdout and command.get_short_help_str(30).rstrip(".") in result.stdout


@pytest.mark.parametrize("name", main.commands)
def test_every_command_and_option_explains_itself(name: str) -> None:
    assert call(name, "-h").exit_code == 0
    command = main.commands[name]
    assert command.help
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or (isinstance(parameter, click.Option) and parameter.help)


def test_a_measuring_command_takes_the_same_options() -> None:
    """One meaning everywhere: what a user learnt of one command holds for the others."""
    shared = {parameter.name for parameter in main.commands["contamination"].params} - {
        *("taus", "widths", "distance", "void_mode", "audit")
    }
    for name in ("boundary", "geometry", "tsne", "per-class", "coverage", "gradient", "compare"):
        assert shared <= {parameter.name for parameter in main.commands[name].params}, name


def test_the_version_is_the_package_s() -> None:
    assert VERSION in call("--version").stdout


def test_an_unknown_command_is_one_message() -> None:
    one_message(call("contaminaton"), 2, "No such command", "contaminaton")
