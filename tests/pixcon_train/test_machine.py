"""How a batch is cut over processes and micro-batches, and how gradients are averaged."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from pixcon_train.config import RuntimeConfig, ScheduleConfig
from pixcon_train.errors import ConfigError
from pixcon_train.machine import average_gradients, open_machine, share_of


@pytest.mark.parametrize(
    ("batch", "micro", "processes", "expected"),
    [(16, None, 1, (16, 1)), (16, None, 4, (4, 1)), (16, 2, 1, (2, 8)), (16, 2, 4, (2, 2)), (1, None, 1, (1, 1))],
)
def test_shares_make_the_effective_batch(
    batch: int, micro: int | None, processes: int, expected: tuple[int, int]
) -> None:
    accelerator: Any = SimpleNamespace(num_processes=processes, process_index=0)
    share = share_of(ScheduleConfig(epochs=1, batch=batch, micro_batch=micro), accelerator)
    assert (share.micro, share.accumulation) == expected
    assert share.batch == batch


@pytest.mark.parametrize(("batch", "micro", "processes"), [(3, None, 2), (16, 3, 1), (8, 4, 4), (1, None, 2)])
def test_a_batch_that_cannot_be_cut_is_refused(batch: int, micro: int | None, processes: int) -> None:
    accelerator: Any = SimpleNamespace(num_processes=processes, process_index=0)
    with pytest.raises(ConfigError, match=f"schedule.batch is {batch}"):
        share_of(ScheduleConfig(epochs=1, batch=batch, micro_batch=micro), accelerator)


def test_gradients_become_the_mean_over_processes() -> None:
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(4, 5)).to(memory_format=torch.channels_last)
    for parameter in module.parameters():
        parameter.grad = torch.randn_like(parameter)
    module[1].bias.grad = None  # a parameter without a gradient is passed over
    before = [p.grad.clone() for p in module.parameters() if p.grad is not None]

    def reduce(flat: torch.Tensor, reduction: str) -> torch.Tensor:
        assert reduction == "mean"
        return flat * 0.5  # as if the other process had none

    average_gradients(module, SimpleNamespace(num_processes=2, reduce=reduce))  # type: ignore[arg-type]
    after = [p.grad for p in module.parameters() if p.grad is not None]
    assert all(torch.equal(new, old / 2) for new, old in zip(after, before, strict=True))
    assert module[1].bias.grad is None


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"runtime\.device is 'tpu'"):
        open_machine(RuntimeConfig(device="tpu"))


def test_a_precision_that_the_device_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ValueError("fp16 mixed precision requires a GPU")

    monkeypatch.setattr("pixcon_train.machine.Accelerator", refuse)
    with pytest.raises(ConfigError, match=r"runtime\.precision=fp16 does not work here: .* requires a GPU"):
        open_machine(RuntimeConfig(device="cpu", precision="fp16"))
