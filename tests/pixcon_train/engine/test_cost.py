"""GPU-hours of runs, against hand-computed values."""

from pathlib import Path

import pytest

from pixcon_train.config.resolve import load_config
from pixcon_train.config.schema import TrainConfig
from pixcon_train.engine.cost import image_counts, run_cost, step_seconds
from tests.pixcon_train.tiny import tiny_config, write_tiny


@pytest.fixture(autouse=True)
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIXCON_DATA_ROOT", raising=False)


def config(dataset: str, split: str, **values: object) -> TrainConfig:
    unlabeled = f"splits/{dataset}/{split}/unlabeled.txt"
    changes = {key.replace("__", "."): value for key, value in values.items()}
    return load_config(values={"data.dataset": dataset, "data.unlabeled": unlabeled, **changes})


def test_pascal_in_fp32() -> None:
    """649 steps of 16 images at 0.403 s / 4, and 2·1449 images of 375×500 at 10 ms · 0.403 / 0.206 per 504² pixels."""
    cost = run_cost(config("pascal", "183"))
    assert cost is not None
    assert (cost.steps, cost.epochs, cost.validations) == (649, 60, 60)
    assert cost.step_seconds == pytest.approx(1.612)
    assert cost.validation_seconds == pytest.approx(41.848, rel=1e-4)
    assert cost.hours == pytest.approx((649 * 60 * 1.612 + 60 * 41.848) / 3600, rel=1e-4) == pytest.approx(18.13, 1e-3)


def test_cityscapes_counts_windows_and_pixels_of_the_crop() -> None:
    """162 steps of 1.7538 times the pixels; 2 × 4 windows of 686 (at 0, 338 and 0, 457, 914, 1362) in each image."""
    cost = run_cost(config("cityscapes", "1_8", schedule__micro_batch=4, runtime__precision="bf16"))
    assert cost is not None and (cost.steps, cost.epochs) == (162, 120)
    assert cost.step_seconds == pytest.approx(4 * 0.122 * (686 / 518) ** 2)
    assert cost.validation_seconds == pytest.approx(1000 * 0.01 * (0.403 / 0.206) * 8 * 686**2 / 504**2)
    assert cost.hours == pytest.approx(14.29, abs=0.01)


def test_ade20k_validates_every_second_epoch() -> None:
    cost = run_cost(config("ade20k", "1_8", schedule__validate_every=2, schedule__epochs=5, model__size="small"))
    assert cost is not None and (cost.steps, cost.validations) == (1105, 3)
    assert cost.step_seconds == pytest.approx(16 * 0.206 / 4)
    assert cost.validation_seconds == pytest.approx(4000 * 0.01 * 512 * 683 / 504**2)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({"model__size": "large"}, 4 * 1.117),
        ({"schedule__micro_batch": 2}, 8 * 0.216),
        ({"schedule__batch": 12, "schedule__micro_batch": 3}, 6 * 0.216),
        ({"schedule__batch": 2, "schedule__micro_batch": 1}, 2 * 0.216),
        ({"runtime__precision": "fp16", "schedule__batch": 4}, 0.122),
        ({"runtime__precision": "bf16", "schedule__batch": 4, "runtime__activation_checkpointing": True}, 0.180),
        ({"data__crop": 259 // 14 * 14, "schedule__batch": 4}, 0.403 * (252 / 518) ** 2),
    ],
)
def test_a_step_by_micro_batch_precision_and_crop(values: dict[str, object], seconds: float) -> None:
    assert step_seconds(config("pascal", "183", **values)) == pytest.approx(seconds)


def test_images_are_counted_where_their_lists_are(tmp_path: Path) -> None:
    tiny = tiny_config(write_tiny(tmp_path), model__size="small", data__val_limit=2)
    assert image_counts(tiny.data) == (8, 2)
    cost = run_cost(tiny)
    assert cost is not None and cost.steps == 4
    assert cost.validation_seconds == pytest.approx(4 * 0.01 * 28**2 / 504**2)


def test_what_was_not_measured_or_is_not_known_has_no_estimate() -> None:
    assert run_cost(load_config()) is None  # nano
    assert run_cost(config("pascal", "mine")) is None
    assert run_cost(config("coco", "183", model__size="base")) is None
