"""Paths of lists that leave the data root."""

from pathlib import Path

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.data.confinement import outside, require_own_file
from pixcon_train.data.lists import Pair


def test_a_name_that_no_file_can_have_leads_nowhere(tmp_path: Path) -> None:
    assert outside([Pair("a" * 300, "b" * 5_000 + "/c.png"), Pair("a\0b", None)], tmp_path) == []


def test_a_file_in_the_working_directory_may_be_named_by_either_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "link").symlink_to(tmp_path / "private")
    monkeypatch.chdir(here)
    for path in ("lists/a.txt", here / "lists/a.txt", here / "../here/a.txt"):
        require_own_file(Path(path), None, "a.yaml", "`data.labeled`")
    for path in ("../a.txt", tmp_path / "a.txt", here / "../a.txt", f"{here}er/a.txt", here / "link/a.txt"):
        with pytest.raises(ConfigError, match="outside the data root and the working directory"):
            require_own_file(Path(path), tmp_path / "data", "a.yaml", "`data.labeled`")
