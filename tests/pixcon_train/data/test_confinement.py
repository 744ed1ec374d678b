"""Paths of lists that leave the data root."""

from pathlib import Path

from pixcon_train.data.confinement import outside
from pixcon_train.data.lists import Pair


def test_a_name_that_no_file_can_have_leads_nowhere(tmp_path: Path) -> None:
    assert outside([Pair("a" * 300, "b" * 5_000 + "/c.png"), Pair("a\0b", None)], tmp_path) == []
