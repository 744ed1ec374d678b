"""Commands as lines for a shell, read back by its rules."""

import shlex

import pytest

from pixcon_train.core.shell import folded_line, quoted_line

WORDS = ["pixcon-diag", "report", "my runs/a", "--tau", "0.9", "--data-root", "/data/" + "x" * 40, "b=c;d"]


def test_a_line_is_read_back_as_its_words() -> None:
    assert shlex.split(quoted_line(WORDS)) == WORDS


@pytest.mark.parametrize("width", [20, 30, 60, 200])
def test_a_folded_line_is_the_same_command_in_lines_that_fit(width: int) -> None:
    lines = folded_line(WORDS, width).split("\n")
    assert shlex.split("".join(line.removesuffix("\\") for line in lines)) == WORDS  # as a shell joins them
    assert all(line.endswith(" \\") for line in lines[:-1]) and not lines[-1].endswith("\\")
    assert all(len(line) <= width or len(line.split(" ")) <= 4 for line in lines)
    assert max(map(len, lines[1:] or [""])) <= max(width, 50)
