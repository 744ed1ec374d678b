"""What is known of runs before they start."""

import math
from pathlib import Path

import pytest

from pixcon_train.config.resolve import load_config
from pixcon_train.engine.cost import run_cost
from pixcon_train.sweeps.grid import Point
from pixcon_train.sweeps.plan import hours_left, missing_lists
from pixcon_train.sweeps.run_states import RunState
from tests.pixcon_train.tiny import tiny_config, write_tiny

PASCAL = load_config(values={"data.dataset": "pascal", "data.unlabeled": "splits/pascal/183/unlabeled.txt"})


def test_the_hours_of_finished_epochs_are_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXCON_DATA_ROOT", raising=False)
    points = [Point(name, {}, PASCAL) for name in ("new", "half", "done")] + [Point("nano", {}, load_config())]
    done = zip(points, (0, 30, 60, 0), strict=True)
    states = [RunState(point, tmp_path, "unfinished", epochs_done=epochs) for point, epochs in done]
    found, whole = hours_left(states), run_cost(PASCAL)
    assert whole is not None
    assert [found[name] for name in ("new", "half", "done")] == pytest.approx([whole.hours, whole.hours / 2, 0])
    assert math.isnan(found["nano"])
    stopped_early = RunState(points[1], tmp_path, "finished", epochs_done=5)
    assert hours_left([stopped_early]) == {"half": 0.0}


def test_each_reason_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXCON_DATA_ROOT", raising=False)
    tiny = tiny_config(write_tiny(tmp_path))
    lost = tiny_config(tmp_path / "tiny.yaml", data__val=str(tmp_path / "lost.txt"))
    points = [Point(str(number), {}, config) for number, config in enumerate((tiny, lost, lost, PASCAL, load_config()))]
    first, second = missing_lists(points)
    assert str(tmp_path / "lost.txt") in first and "--data-root" in second
    assert missing_lists(points[:1]) == missing_lists(points[-1:]) == []


def test_every_missing_list_is_named(tmp_path: Path) -> None:
    """Also those that a sweep of `digits` names, which has its own in their place."""
    lost = {f"data__{name}": str(tmp_path / f"lost_{name}.txt") for name in ("labeled", "unlabeled", "val")}
    told = missing_lists([Point("tiny", {}, tiny_config(write_tiny(tmp_path), **lost))])
    assert len(told) == 3 and all(path in reason for path, reason in zip(lost.values(), told, strict=True))
    digits = load_config(values={"data.unlabeled": str(tmp_path / "unl.txt")})
    (reason,) = missing_lists([Point("digits", {}, digits)])
    assert str(tmp_path / "unl.txt") in reason
    nowhere = load_config(values={"data.dataset": "pascal", "data.root": str(tmp_path / "nowhere")})
    (reason,) = missing_lists([Point("pascal", {}, nowhere)])
    assert f"The data root {tmp_path / 'nowhere'} is not a folder" in reason
