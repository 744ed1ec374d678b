from pathlib import Path

import pytest

from pixcon_diag.groups.logs import read_groups, split_logs
from pixcon_diag.logs.histories import holds_log
from pixcon_diag.logs.history import NoEpochError
from pixcon_train.core.errors import ConfigError, DataError
from tests.pixcon_diag.logs.test_run_log import write_run
from tests.training_logs import chart_text, header, lightning_text, write_unimatch

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
    with pytest.raises(DataError, match="holds no log"):
        read_groups([f"x={tmp_path}"])
    monkeypatch.chdir(tmp_path)
    for argument in ("missing.log", "missing", "missing.jsonl", "x=missing.log"):
        with pytest.raises(DataError, match=f"No log at {argument.removeprefix('x=')}"):
            read_groups([argument])
    with pytest.raises(DataError, match=r"No log was named, and there are no runs in \./runs"):
        read_groups([])


def test_a_run_without_a_finished_epoch_is_left_out_of_a_folder(tmp_path: Path) -> None:
    """A sweep that grows; the run counts only where nothing else is there, or where it was named itself."""
    for name in ("a", "begun"):
        write_run(tmp_path / "runs" / name)
    begun = tmp_path / "runs/begun/log.jsonl"
    begun.write_text(begun.read_text().splitlines()[0] + "\n")
    notes: list[str] = []
    for argument in (f"{tmp_path}/runs", f"x={tmp_path}/runs"):
        (runs,) = read_groups([argument], notes.append).values()
        assert [run.name for run in runs] == ["a"]
    assert len(notes) == 2 and all(note.startswith(f"left out: {begun} has no finished epoch") for note in notes)
    for argument in (str(begun.parent), str(begun), f"x={tmp_path}/runs/a,{begun.parent}"):
        with pytest.raises(NoEpochError, match="no finished epoch"):
            read_groups([argument])
    (tmp_path / "runs/a").rename(tmp_path / "a")
    with pytest.raises(NoEpochError, match="no finished epoch"):
        read_groups([f"{tmp_path}/runs"])
    with pytest.raises(NoEpochError, match="no finished epoch"):
        read_groups([f"x={tmp_path}/runs", str(tmp_path / "a")])
    assert list(read_groups([f"{tmp_path}/runs", str(tmp_path / "a")])) == ["a"]


def test_a_text_log_without_an_evaluated_epoch_is_left_out_of_a_folder(tmp_path: Path) -> None:
    write_unimatch(tmp_path / "a.log", ONE)
    (tmp_path / "begun.log").write_text(header())
    notes: list[str] = []
    assert list(read_groups([str(tmp_path)], notes.append)) == ["a"] and "begun.log" in notes[0]


@pytest.mark.parametrize("argument", ["x=", "=a.log", "x=,"])
def test_a_group_without_a_name_or_a_path_is_an_error(argument: str) -> None:
    with pytest.raises(ConfigError, match="as a group"):
        read_groups([argument])


def test_a_folder_of_text_logs_can_be_the_seeds_of_a_method(tmp_path: Path) -> None:
    for name in ("b.log", "a.txt"):
        write_unimatch(tmp_path / name, ONE)
    other = write_unimatch(tmp_path / "other.md", ONE)
    (found,) = read_groups([f"x={tmp_path},{other}"]).items()
    assert found[0] == "x" and [run.name for run in found[1]] == ["a", "b", "other"]


def test_runs_here_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / "runs" / name)
    monkeypatch.chdir(tmp_path)
    assert [run.name for runs in read_groups([]).values() for run in runs] == ["a", "b"]


def test_a_file_that_says_little_is_called_as_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write_run(tmp_path / "x/first"), write_run(tmp_path / "y/second")
    (event,) = (second.parent / "tensorboard").iterdir()
    assert list(read_groups([str(first)])) == ["first"] and list(read_groups([str(event)])) == ["second"]
    assert [run.name for runs in read_groups([str(first), str(second)]).values() for run in runs] == ["first", "second"]
    monkeypatch.chdir(first.parent)
    for here in (".", "log.jsonl", "tensorboard"):
        assert [run.name for runs in read_groups([here]).values() for run in runs] == ["first"]


def test_a_log_named_twice_is_no_second_seed(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a").parent
    for again in ([f"x={folder},{folder}"], [f"x={folder}", f"y={folder / 'log.jsonl'}"]):
        with pytest.raises(ConfigError, match="named twice"):
            read_groups(again)


def test_a_chart_of_several_runs_is_a_group_a_run_or_the_seeds_of_one(tmp_path: Path) -> None:
    (path := tmp_path / "chart.csv").write_text(chart_text({"s0": [0.5, 0.6], "s1": [0.4, 0.5]}))
    assert {name: len(runs) for name, runs in read_groups([str(path)]).items()} == {"s0": 1, "s1": 1}
    assert [run.name for run in read_groups([f"ours={path}"])["ours"]] == ["s0", "s1"]
    with pytest.raises(ConfigError, match="named twice"):
        read_groups([f"ours={path},{path}"])


def test_a_folder_of_tables_stands_for_them_unless_it_has_text_logs(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text("epoch,miou\n1,0.5\n")
    assert list(read_groups([str(tmp_path)])) == ["a", "b"]
    write_unimatch(tmp_path / "c.log", ONE)
    assert list(read_groups([str(tmp_path)])) == ["c"]


def test_versions_of_lightning_are_runs(tmp_path: Path) -> None:
    for version in ("version_0", "version_1"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "metrics.csv").write_text(lightning_text([(0.5, 1.0)]))
    assert list(read_groups([str(tmp_path)])) == ["version_0", "version_1"]
    assert split_logs([str(tmp_path), "a.csv", "a.json", "a.pth"]) == (["a.pth"], [str(tmp_path), "a.csv", "a.json"])
