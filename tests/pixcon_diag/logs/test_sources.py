from pathlib import Path

import pytest

from pixcon_diag.logs.sources import holds_log, read_groups
from pixcon_train.errors import DataError, PixConError
from tests.training_logs import write_unimatch

ONE = [[(50.0, 60.0), (50.0, 60.0), (50.0, 60.0)]]


def test_a_folder_of_text_logs_is_a_group_a_log(tmp_path: Path) -> None:
    for name in ("b.log", "a.txt"):
        write_unimatch(tmp_path / name, ONE)
    (tmp_path / "notes.md").write_text("no log")
    groups = read_groups([str(tmp_path)])
    assert list(groups) == ["a", "b"] and [len(runs) for runs in groups.values()] == [1, 1]
    assert not holds_log(tmp_path)


def test_seeds_of_a_method_are_named_together(tmp_path: Path) -> None:
    paths = [str(write_unimatch(tmp_path / f"{name}.log", ONE)) for name in "xyz"]
    groups = read_groups([f"base={paths[0]},{paths[1]}", paths[2]])
    assert {name: [run.name for run in runs] for name, runs in groups.items()} == {"base": ["x", "y"], "z": ["z"]}


def test_what_is_no_log_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="holds no log"):
        read_groups([str(tmp_path)])
    with pytest.raises(PixConError, match=r"missing\.log"):
        read_groups([str(tmp_path / "missing.log")])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PixConError, match=r"no runs in \./runs"):
        read_groups([])
