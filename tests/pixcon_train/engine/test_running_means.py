"""Means since the last reading and over the epoch."""

import pytest
import torch

from pixcon_train.engine.running_means import RunningMeans


def values(loss: float) -> dict[str, torch.Tensor]:
    return {"loss": torch.tensor(loss), "ratio": torch.tensor(loss / 10)}


def test_windows_and_epochs_by_hand() -> None:
    meters = RunningMeans()
    meters.add(values(1.0))
    meters.add(values(3.0))
    assert meters.read() == pytest.approx({"loss": 2.0, "ratio": 0.2})
    meters.add(values(5.0))
    assert meters.finish_epoch() == pytest.approx({"loss": 3.0, "ratio": 0.3})
    meters.add(values(7.0))
    assert meters.finish_epoch() == pytest.approx({"loss": 7.0, "ratio": 0.7})


def test_nothing_added_is_nothing_read() -> None:
    assert RunningMeans().read() == {}


def test_saving_within_a_window_changes_no_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(50, generator=generator).tolist()
    left_alone, saved = RunningMeans(), RunningMeans()
    for position, number in enumerate(numbers):
        left_alone.add(values(number))
        saved.add(values(number))
        if position % 7 == 3:
            fresh = RunningMeans()
            fresh.load_state_dict(saved.state_dict(), torch.device("cpu"))
            saved = fresh
        if position % 20 == 19:
            assert saved.read() == left_alone.read()
    assert saved.finish_epoch() == left_alone.finish_epoch()
