"""The measured mIoU beside the stated one: when it warns, and of what."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.passes.load_check import check_load
from pixcon_diag.passes.options import RunChoice, pass_options
from pixcon_diag.provenance import LoadCheck, Scores
from pixcon_train.evaluation.iou_result import IoUResult
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.export import export_weights
from pixcon_train.runs.file_names import BEST_EMA
from tests.cli.farm import own_checkpoint, write_data, write_public

PERFECT = IoUResult([50, 50, 0], [50, 50, 0], [50, 50, 0])
"""mIoU 1 over the classes present, 2/3 with the absent one as 0."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("load") / "data")


def stating(loaded: LoadedCheckpoint, **scores: Any) -> LoadedCheckpoint:
    return replace(loaded, info=replace(loaded.info, scores=Scores(**scores)))


@pytest.fixture(scope="module")
def own(data: Path) -> LoadedCheckpoint:
    save_checkpoint(data.parent / "run" / BEST_EMA, own_checkpoint(data))
    return load(data.parent / "run")


@pytest.fixture(scope="module")
def public(data: Path) -> LoadedCheckpoint:
    return load(write_public(data.parent / "best.pth"))


def chosen(data: Path, loaded: LoadedCheckpoint, **choice: Any) -> EvaluationData:
    named = {} if loaded.run is not None else {"dataset": str(data / "farm.yaml"), "root": data}
    return choose_data(DataChoice(**(named | choice)), loaded)


def checked(
    loaded: LoadedCheckpoint, data: EvaluationData, run: RunChoice | None = None, iou: IoUResult = PERFECT
) -> LoadCheck | None:
    return check_load(loaded, data, pass_options(loaded, data, run or RunChoice()), iou)


def warning(check: LoadCheck | None) -> str:
    assert check is not None and check.warning is not None
    return check.warning


def test_an_own_file_is_compared_on_its_own_list_alone(own: LoadedCheckpoint, data: Path) -> None:
    loaded = stating(own, epoch=2, ema=0.9975)
    agreeing = checked(loaded, chosen(data, own))
    assert agreeing is not None and agreeing.same_list and agreeing.warning is None
    assert (agreeing.stated, agreeing.measured) == (0.9975, 1.0)
    text = warning(checked(stating(own, epoch=2, ema=0.9965), chosen(data, own)))
    assert "measures 100.00 mIoU, but its file states 99.65" in text and f"on the list {data / 'val.txt'}" in text
    assert "--labels" in text and "--list" not in text
    assert checked(stating(own, epoch=2, ema=0.5), chosen(data, own, limit=2)) is None
    (data / "two.txt").write_text("".join((data / "val.txt").read_text().splitlines(keepends=True)[:2]))
    assert checked(stating(own, epoch=2, ema=0.5), chosen(data, own, list_path=data / "two.txt")) is None


def test_the_part_that_training_validated_on_is_the_stated_list(own: LoadedCheckpoint, data: Path) -> None:
    assert own.run is not None
    config = {**own.run.config, "data": {**own.run.config["data"], "val_limit": 2}}
    loaded = stating(replace(own, run=replace(own.run, config=config)), epoch=2, ema=0.5)
    assert warning(checked(loaded, chosen(data, loaded, limit=2)))
    assert checked(loaded, chosen(data, loaded)) is None


def test_a_public_file_names_no_list_and_may_count_absent_classes_either_way(
    public: LoadedCheckpoint, data: Path
) -> None:
    zero = checked(stating(public, epoch=4, ema=0.667), chosen(data, public))
    assert zero is not None and zero.warning is None and zero.measured == pytest.approx(2 / 3) and not zero.same_list
    text = warning(checked(stating(public, epoch=4, ema=0.879), chosen(data, public)))
    assert "without saying on which list" in text
    assert all(word in text for word in ("--list", "--labels", "--dataset", "--protocol", "check-data"))
    assert checked(stating(public, epoch=4, ema=0.879), chosen(data, public, limit=2)) is None


@pytest.mark.parametrize(
    "scores", [{}, {"epoch": 4, "best_ema": 0.5, "best_ema_epoch": 9}, {"epoch": 4, "student": 0.5}]
)
def test_only_a_score_of_these_weights_at_this_epoch_counts(
    public: LoadedCheckpoint, data: Path, scores: dict[str, Any]
) -> None:
    assert checked(stating(public, **scores), chosen(data, public)) is None


def test_another_protocol_is_named_first(own: LoadedCheckpoint, data: Path) -> None:
    loaded = stating(own, epoch=2, ema=0.5)
    text = warning(checked(loaded, chosen(data, own), RunChoice(protocol="pixcon")))
    assert "Possible causes: it was run with a --protocol or --window other than its default" in text
    assert "another --protocol" not in warning(checked(loaded, chosen(data, own)))


def test_an_undefined_miou_is_no_agreement(own: LoadedCheckpoint, data: Path) -> None:
    check = checked(stating(own, epoch=2, ema=0.5), chosen(data, own), iou=IoUResult([0] * 3, [0] * 3, [0] * 3))
    assert "measures no mIoU (all masks are void), but its file states 50.00" in warning(check)


@pytest.mark.parametrize("convention", [lambda path: f"/{path}", lambda path: path.replace("/", "\\")])
def test_a_list_of_another_convention_is_the_stated_one(
    own: LoadedCheckpoint, data: Path, convention: Callable[[str], str]
) -> None:
    assert own.run is not None
    listed = own.run.lists["val"]
    text = "".join(" ".join(map(convention, line.split())) + "\n" for line in listed["text"].splitlines())
    lists = {**own.run.lists, "val": {**listed, "text": text}}
    loaded = stating(replace(own, run=replace(own.run, lists=lists)), epoch=2, ema=0.5)
    assert text != listed["text"] and warning(checked(loaded, chosen(data, loaded)))


@pytest.mark.parametrize("limit", [None, 2])
def test_an_export_whose_run_validated_on_a_part_is_not_compared(data: Path, tmp_path: Path, limit: int | None) -> None:
    checkpoint = own_checkpoint(data)
    config = {**checkpoint.config, "data": {**checkpoint.config["data"], "val_limit": limit}}
    save_checkpoint(tmp_path / "latest.pth", replace(checkpoint, config=config))
    export_weights(tmp_path / "latest.pth", tmp_path / "w.safetensors")
    loaded = load(tmp_path / "w.safetensors")
    check = checked(stating(loaded, epoch=2, ema=0.5), chosen(data, loaded))
    assert (check is None) == (limit is not None)


def test_a_pass_tells_it_every_time_and_keeps_it(own: LoadedCheckpoint, tmp_path: Path, data: Path) -> None:
    told: list[str] = []
    run = RunChoice(device="cpu", workers=0)
    loaded = stating(own, epoch=2, ema=0.879)
    for _ in range(2):  # made, then found
        measured = measure(loaded, chosen(data, own), run=run, cache=tmp_path / "diag", notify=told.append)
        check = measured.provenance.load_check
        assert check is not None and check.measured == measured.iou.miou() and check.warning in told
        assert check.difference == pytest.approx(check.measured - 0.879)
    assert sum(line.startswith("Warning: ") for line in told) == 2
    right = stating(own, epoch=2, ema=measured.iou.miou())
    told.clear()
    measure(right, chosen(data, own), run=run, cache=tmp_path / "diag", notify=told.append)
    assert not any("Warning" in line for line in told)
