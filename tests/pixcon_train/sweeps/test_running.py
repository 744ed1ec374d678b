"""Runs of a sweep: done, skipped, gone on with, failed without stopping the others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from pixcon_train.core.signals import StopRequest
from pixcon_train.core.yaml_files import dump_yaml
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.runs.checkpoint import load_checkpoint, save_checkpoint
from pixcon_train.runs.file_names import LATEST
from pixcon_train.sweeps.grid import Point, one_process, read_sweep
from pixcon_train.sweeps.run_states import RunState, run_state, table_row
from pixcon_train.sweeps.running import run_point
from tests.checkpoints import example_checkpoint
from tests.pixcon_train.tiny import tiny_values, write_tiny

pytestmark = pytest.mark.slow


def points(folder: Path, grid: Any, **changes: Any) -> tuple[Point, ...]:
    spec = write_tiny(folder)
    base = {"recipe": "small", **tiny_values(spec, **{"schedule__epochs": 1, **changes})}
    (folder / "sweep.yaml").write_text(dump_yaml({"base": base, "grid": grid}))
    return read_sweep(folder / "sweep.yaml", allow_outside=True).points


def test_a_run_is_done_once(tmp_path: Path) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]})
    assert run_state(point, tmp_path).state == "not started"
    done = run_point(point, tmp_path)
    assert (done.state, done.folder, done.epochs_done) == ("finished", tmp_path / point.name, 1)
    best = load_checkpoint(done.folder / LATEST).best["ema"]
    assert (done.miou, done.epoch) == (best["miou"], best["epoch"])
    before = (done.folder / LATEST).stat().st_mtime_ns
    assert run_point(point, tmp_path) == done
    assert (done.folder / LATEST).stat().st_mtime_ns == before


def test_a_stopped_run_is_gone_on_with(tmp_path: Path) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]})
    interruption = StopRequest()

    class Stop(TrainingObserver):
        def stepped(self, iteration: int) -> None:
            if iteration == 2:
                interruption.name = "SIGINT"

    stopped = run_point(point, tmp_path, interruption=interruption, observer=Stop())
    assert (stopped.state, stopped.epochs_done, stopped.epoch) == ("unfinished", 0, None)
    assert run_point(point, tmp_path).state == "finished"
    assert load_checkpoint(stopped.folder / LATEST).iteration == 4


def test_a_mistake_fails_one_run(tmp_path: Path) -> None:
    bad, good = points(tmp_path, {"data.labeled": ["missing.txt", "labeled.txt"]})
    failed = run_point(bad, tmp_path)
    assert failed.state == "failed" and failed.trace is None
    assert failed.message is not None and "missing.txt" in failed.message
    assert run_point(good, tmp_path).state == "finished"


def test_a_defect_fails_one_run_and_keeps_its_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]})

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("pixcon_train.sweeps.running.train", broken)
    failed = run_point(point, tmp_path)
    assert failed.state == "failed" and failed.trace is not None
    assert "in broken" in failed.trace and failed.message == "ZeroDivisionError('a defect')"


def test_another_run_in_the_folder_is_told_and_left_alone(tmp_path: Path) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]})
    run_point(point, tmp_path)
    before = (tmp_path / point.name / LATEST).read_bytes()
    (changed,) = points(tmp_path, {"bank.rule": ["clean"]}, schedule__epochs=3)
    state = run_point(changed, tmp_path)
    assert state.state == "differs" and state.message is not None and "'schedule.epochs' is 1" in state.message
    assert (tmp_path / point.name / LATEST).read_bytes() == before


def test_a_damaged_checkpoint_fails_its_run(tmp_path: Path) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]})
    (tmp_path / point.name).mkdir()
    (tmp_path / point.name / LATEST).write_bytes(b"PK")
    state = run_state(point, tmp_path)
    assert state.state == "failed" and state.message is not None and "damaged" in state.message


def test_a_run_of_another_recipe_differs_and_is_left(tmp_path: Path) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]})
    other = point.config.model_copy(update={"seed": 7, "bank": point.config.bank.model_copy(update={"tau": 0.125})})
    saved = replace(example_checkpoint(progress={"finished": True}, config=other.model_dump()), epoch=1)
    save_checkpoint(tmp_path / point.name / LATEST, saved)
    state = run_state(point, tmp_path)
    assert (state.state, state.epochs_done) == ("differs", 1)
    assert state.message is not None and "'seed' is 7" in state.message and "'bank.tau' is 0.125" in state.message
    assert run_point(point, tmp_path).state == "differs"


def test_a_fork_begins_with_the_epochs_of_its_checkpoint(tmp_path: Path) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]}, fork__checkpoint=str(tmp_path / "epoch_1.pth"))
    assert run_state(point, tmp_path).epochs_done == 0
    save_checkpoint(tmp_path / "epoch_1.pth", replace(example_checkpoint(), epoch=1))
    state = run_state(point, tmp_path)
    assert (state.state, state.epochs_done) == ("not started", 1)
    (tmp_path / "epoch_1.pth").write_bytes(b"PK")
    assert run_state(point, tmp_path).epochs_done == 0


def test_the_summary_is_json(tmp_path: Path) -> None:
    (point,) = points(tmp_path, {"bank.rule": ["clean"]})
    state = RunState(point, tmp_path / point.name, "failed", message="why")
    run, epochs = state.record(), ["epochs_done", "epochs"]
    assert to_json(run)
    row = table_row(run)
    assert [*row] == ["run", "bank.rule", "seed", "state", "best_ema_miou", "best_epoch", *epochs]
    assert row["bank.rule"] == "clean"
    assert run["values"] == {"bank.rule": "clean", "seed": 0}
    assert (run["state"], run["message"], run["best_epoch"]) == ("failed", "why", None)


def test_several_processes_are_refused() -> None:
    one_process(1)
    with pytest.raises(ConfigError, match="--only 1/n"):
        one_process(2)
