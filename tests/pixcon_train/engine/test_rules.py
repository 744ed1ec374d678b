"""Whole runs under each rule: what the log says, exact resumption, and the contamination of each bank."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import DataError
from pixcon_train.core.signals import StopRequest
from pixcon_train.data.lists import read_list
from pixcon_train.engine.components import build_components
from pixcon_train.engine.distributed import open_accelerator
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.trainer import train
from pixcon_train.engine.training_data import held_out_places
from pixcon_train.method.class_bank import bank_fill
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import LATEST
from pixcon_train.runs.log import LOG, read_log
from tests.pixcon_train.comparing import assert_same_state, timeless
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = pytest.mark.slow

LOW = {"consistency__tau": 0.4, "consistency__threshold__minimum": 0.3, "bank__tau": 0.35}
"""Thresholds that a network which has hardly begun reaches."""

RULES: dict[str, dict[str, Any]] = {
    "quantile": {"consistency__threshold__rule": "quantile"},
    "dynamic": {"consistency__threshold__rule": "dynamic"},
    "dynamic_floor": {"consistency__threshold__rule": "dynamic_floor"},
    "per_class": {"consistency__threshold__rule": "per_class"},
    "gate": {"consistency__threshold__rule": "gate"},
    "uniform noise": {"consistency__noise__rate": 0.3},
    "confusion noise": {"consistency__noise__rate": 0.3, "consistency__noise__kind": "confusion"},
    "noise of regions": {"consistency__noise__rate": 0.3, "consistency__noise__kind": "regions"},
    "soft": {"bank__rule": "soft"},
    "pseudo": {"bank__rule": "pseudo"},
    "weighting": {"consistency__weighting": "both"},
}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"), labeled=4)


@pytest.fixture(scope="module")
def plain(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """Weights of the student of a run without any of the rules."""
    folder = tmp_path_factory.mktemp("plain")
    train(tiny_config(spec, **LOW), folder)
    return load_checkpoint(folder / LATEST).student


def config_of(spec: Path, rule: str) -> TrainConfig:
    return tiny_config(spec, **LOW, **RULES[rule], data__unlabeled_truth="always")


@pytest.fixture(scope="module")
def whole(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of the run under a rule that was left alone, which is trained once."""

    @cache
    def folder_of(rule: str) -> Path:
        folder = tmp_path_factory.mktemp("whole")
        train(config_of(spec, rule), folder)
        return folder

    return folder_of


class StopAt(TrainingObserver):
    """Asks a run to stop after a step, or while thresholds are calibrated."""

    def __init__(self, iteration: int, *, calibrating: bool) -> None:
        self.interruption = StopRequest()
        self._iteration, self._calibrating, self._at = iteration, calibrating, 0

    def stepped(self, iteration: int) -> None:
        self._at = iteration
        if iteration == self._iteration and not self._calibrating:
            self.interruption.name = "SIGTERM"

    def progressed(self, what: str, done: int, total: int) -> None:
        if self._calibrating and "calibrating" in what and self._at == self._iteration:
            self.interruption.name = "SIGTERM"


@pytest.mark.parametrize("rule", RULES)
def test_a_resumed_run_is_the_run_left_alone(
    spec: Path, plain: dict[str, torch.Tensor], whole: Callable[[str], Path], tmp_path: Path, rule: str
) -> None:
    """Stopped in the middle of the first epoch and of the second, and where the second one's thresholds are set."""
    config = config_of(spec, rule)
    moments = [StopAt(2, calibrating=False), StopAt(6, calibrating=False)]
    if rule in ("per_class", "gate"):
        moments.insert(1, StopAt(4, calibrating=True))
    for number, stop in enumerate(moments):
        outcome = train(config, tmp_path, resume=number > 0, interruption=stop.interruption, observer=stop)
        assert outcome.signal == "SIGTERM"
    train(config, tmp_path, resume=True)
    alone = load_checkpoint(whole(rule) / LATEST)
    assert_same_state(load_checkpoint(tmp_path / LATEST), alone)
    assert timeless(tmp_path) == timeless(whole(rule))
    assert any(not torch.equal(value, plain[name]) for name, value in alone.student.items()), "the rule does something"


def epochs(folder: Path) -> list[dict[str, Any]]:
    return [record for record in read_log(folder / LOG) if record["event"] == "epoch"]


@pytest.mark.parametrize("rule", [rule for rule in RULES if "consistency__threshold__rule" in RULES[rule]])
def test_thresholds_are_logged_each_epoch(whole: Callable[[str], Path], rule: str) -> None:
    records = epochs(whole(rule))
    assert len(records) == 2
    for record in records:
        assert 0.3 <= round(record["threshold"], 6) < 1
        assert 0 <= record["contamination"] <= 1
        classes = record["thresholds"]
        if rule == "per_class":
            assert classes.keys() == {"dark", "red", "blue"} and all(0.3 <= tau < 1 for tau in classes.values())
        else:
            assert classes is None
        if rule == "gate":
            gate = record["gate"]
            assert gate["strict"] == (gate["kept"] > 0 and gate["pi_kept"] >= 0.4)
            assert record["threshold"] == pytest.approx(0.4) or not gate["strict"]
        else:
            assert "gate" not in record
    if rule == "quantile":
        assert [record["retention"] for record in records] == pytest.approx([0.8, 0.8], abs=2e-3)


@pytest.mark.parametrize("rule", ["clean", "labeled", "soft"])
def test_a_bank_of_labeled_pixels_has_a_contamination_of_exactly_zero(spec: Path, tmp_path: Path, rule: str) -> None:
    train(tiny_config(spec, **LOW, bank__rule=rule, consistency__noise__rate=0.5), tmp_path)
    assert [record["bank"]["contamination"] for record in epochs(tmp_path)] == [0, 0]
    bank = load_checkpoint(tmp_path / LATEST).bank
    assert bank is not None and int((bank["truth"] >= 0).sum()) == int(bank_fill(bank).sum()) > 0
    assert ((bank["weight"] < 1).any() and (bank["weight"] > 0).all()) == (rule == "soft")


def test_a_bank_of_pseudo_labels_is_contaminated_and_noise_changes_its_entries(spec: Path, tmp_path: Path) -> None:
    found, truths = {}, {}
    for rate in (0.0, 1.0):
        folder = tmp_path / str(rate)
        train(tiny_config(spec, **LOW, bank__rule="pseudo", bank__size=256, consistency__noise__rate=rate), folder)
        bank = load_checkpoint(folder / LATEST).bank
        assert bank is not None
        held = torch.arange(256) < bank_fill(bank)[:, None]
        wrong = (bank["truth"] != torch.arange(3)[:, None]) & held
        assert bank["truth"][held].ge(0).all()
        found[rate], truths[rate] = epochs(folder)[-1]["bank"]["contamination"], bank["truth"]
        assert found[rate] == pytest.approx(int(wrong.sum()) / int(held.sum()))
    assert 0 < found[0.0] < 1 and not torch.equal(truths[1.0], truths[0.0])


def test_noise_is_logged_as_asked_within_sampling_error(spec: Path, tmp_path: Path) -> None:
    train(tiny_config(spec, **(LOW | {"consistency__tau": 0.0}), consistency__noise__rate=0.25), tmp_path)
    pixels = 4 * 2 * 28 * 28  # steps, images, and all of their pixels, since τ = 0 (fewer where crops are padded)
    for record in epochs(tmp_path):
        assert record["replaced"] == pytest.approx(0.25, abs=5 * math.sqrt(0.25 * 0.75 / (pixels / 4)))


def test_without_masks_nothing_is_measured_and_nothing_else_changes(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path)
    config = tiny_config(spec, **LOW, bank__rule="pseudo", consistency__noise__rate=0.3)
    train(config, tmp_path / "with")
    names = [pair.image for pair in read_list(tmp_path / "unlabeled.txt", masks_required=False)]
    (tmp_path / "unlabeled.txt").write_text("".join(f"{name}\n" for name in names))
    train(config, tmp_path / "without")
    one, two = (load_checkpoint(tmp_path / name / LATEST) for name in ("with", "without"))
    assert all(torch.equal(one.student[name], two.student[name]) for name in one.student)
    record = epochs(tmp_path / "without")[-1]
    assert "contamination" not in record and record["bank"]["contamination"] is None and record["replaced"] > 0
    assert epochs(tmp_path / "with")[-1]["contamination"] > 0
    with pytest.raises(DataError, match=r"unlabeled0.jpg has none .*its line names no mask.*unlabeled_truth=never"):
        train(tiny_config(spec, data__unlabeled_truth="always"), tmp_path / "asked")


def test_images_held_out_do_not_train(spec: Path) -> None:
    asked = tiny_config(spec, consistency__threshold__rule="per_class", consistency__threshold__held_out=0.3)
    data = build_components(asked, open_accelerator(asked.runtime)).data
    assert data.held_out is not None and data.labeled_count == 3
    out = [pair.image for pair in data.held_out.pairs]
    trained = {data.labeled[index]["name"] for index in range(len(data.labeled))}
    assert len(out) == 1 and trained == {f"labeled{i}.jpg" for i in range(4)} - set(out)
    plain = tiny_config(spec)
    assert build_components(plain, open_accelerator(plain.runtime)).data.held_out is None


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_reserve_is_the_same_under_every_rule_and_seed(spec: Path, seed: int) -> None:
    reserved = set()
    for rule in ("fixed", "gate"):
        config = tiny_config(spec, seed=seed, consistency__threshold__rule=rule, consistency__threshold__reserve=True)
        data = build_components(config, open_accelerator(config.runtime)).data
        assert data.held_out is not None and data.labeled_count == 3
        reserved |= {pair.image for pair in data.held_out.pairs}
    first = sorted(held_out_places(config.consistency.threshold, 0, 4))
    assert reserved == {f"labeled{place}.jpg" for place in first}


def test_the_only_labeled_image_is_not_held_out(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path, labeled=1)
    with pytest.raises(DataError, match="holds out 1 of 1 labeled images"):
        train(tiny_config(spec, consistency__threshold__rule="per_class"), tmp_path / "run")
