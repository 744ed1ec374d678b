import io
import math

import pytest
from rich.console import Console

from pixcon_cli.console import notes, output, progress
from pixcon_cli.tables import add_row, number, per_cent, show, table


def test_fractions_become_per_cent_and_the_undefined_a_dash() -> None:
    assert (per_cent(0.98765), per_cent(1.0), per_cent(0.5, 0)) == ("98.77", "100.00", "50")
    assert (per_cent(math.nan), per_cent(None), number(math.nan), number(None)) == ("–", "–", "–", "–")
    assert number(0.01849) == "0.0185"


def test_cells_are_plain_text_and_a_pipe_is_wide_enough() -> None:
    made = table("Title", "name", *(f"column {index}" for index in range(8)))
    add_row(made, "run[bold]/best", *("100.00",) * 8)
    show(Console(file=(buffer := io.StringIO()), width=60), made)
    lines = buffer.getvalue().splitlines()
    assert any("run[bold]/best" in line and line.count("100.00") == 8 for line in lines)


def test_brackets_in_a_path_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    for console in (output(), notes()):
        console.print("runs/[/odd]/latest.pth is saved", soft_wrap=True)
    with progress("measuring [/odd]") as bar:
        bar(1, 2)
    printed = capsys.readouterr()
    assert "runs/[/odd]/latest.pth" in printed.out and "runs/[/odd]/latest.pth" in printed.err
