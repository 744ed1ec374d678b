"""How a batch is cut over processes and micro-batches; `test_processes.py` has the gradients."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from pixcon_train.config.schema import RuntimeConfig, ScheduleConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.engine.batch_norm import RunningStatistics
from pixcon_train.engine.distributed import batch_layout, open_accelerator


@pytest.mark.parametrize(
    ("batch", "micro", "processes", "expected"),
    [(16, None, 1, (16, 1)), (16, None, 4, (4, 1)), (16, 2, 1, (2, 8)), (16, 2, 4, (2, 2)), (1, None, 1, (1, 1))],
)
def test_shares_make_the_effective_batch(
    batch: int, micro: int | None, processes: int, expected: tuple[int, int]
) -> None:
    accelerator: Any = SimpleNamespace(num_processes=processes, process_index=0)
    share = batch_layout(ScheduleConfig(epochs=1, batch=batch, micro_batch=micro), accelerator)
    assert (share.micro, share.accumulation) == expected
    assert share.batch == batch


def test_micro_batches_are_numbered_over_the_processes() -> None:
    accelerators: list[Any] = [SimpleNamespace(num_processes=4, process_index=rank) for rank in range(4)]
    shares = [batch_layout(ScheduleConfig(epochs=1, batch=16, micro_batch=2), process) for process in accelerators]
    assert [share.piece(i) for share in shares for i in range(share.accumulation)] == list(range(8))


@pytest.mark.parametrize(("batch", "micro", "processes"), [(3, None, 2), (16, 3, 1), (8, 4, 4), (1, None, 2)])
def test_a_batch_that_cannot_be_cut_is_refused(batch: int, micro: int | None, processes: int) -> None:
    accelerator: Any = SimpleNamespace(num_processes=processes, process_index=0)
    with pytest.raises(ConfigError, match=f"schedule.batch is {batch}"):
        batch_layout(ScheduleConfig(epochs=1, batch=batch, micro_batch=micro), accelerator)


def test_running_statistics_are_those_of_one_process_in_turn() -> None:
    """Three processes of two passes each, against one norm that sees the six batches one after the other."""
    torch.manual_seed(0)
    batches = [torch.randn(4, 3, 5, 5) * (i + 1) + i for i in range(6)]
    alone = nn.BatchNorm2d(3)
    norms = [nn.BatchNorm2d(3) for _ in range(3)]
    for norm in (alone, *norms):
        norm(torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(1)))  # they do not start at 0 and 1
    shares: list[torch.Tensor] = []

    def gather(rows: torch.Tensor) -> torch.Tensor:
        shares.append(rows)
        return torch.cat(shares)

    accelerator: Any = SimpleNamespace(num_processes=3, gather=gather)
    statistics = [RunningStatistics(norm, accelerator) for norm in norms]
    for process in statistics:
        process.remember()
    for index, batch in enumerate(batches):
        alone(batch)
        norms[index // 2](batch)
    for process in statistics:
        process.compose()  # the last one gathers from all
    assert torch.allclose(norms[2].running_mean, alone.running_mean, atol=1e-6)
    assert torch.allclose(norms[2].running_var, alone.running_var, rtol=1e-6)
    assert norms[2].num_batches_tracked == alone.num_batches_tracked == 7


def test_one_process_keeps_its_running_statistics() -> None:
    norm = nn.BatchNorm2d(3)
    statistics = RunningStatistics(norm, SimpleNamespace(num_processes=1))  # type: ignore[arg-type]
    statistics.remember()
    norm(torch.randn(2, 3, 4, 4))
    before = norm.running_mean.clone()
    statistics.compose()
    assert torch.equal(norm.running_mean, before)


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"runtime\.device is 'tpu'"):
        open_accelerator(RuntimeConfig(device="tpu"))


def test_each_run_has_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "meta")
    assert open_accelerator(RuntimeConfig()).device.type == "meta"
    monkeypatch.delenv("ACCELERATE_TORCH_DEVICE")
    assert open_accelerator(RuntimeConfig(device="cpu")).device.type == "cpu"


def test_a_precision_that_the_device_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ValueError("fp16 mixed precision requires a GPU")

    monkeypatch.setattr("pixcon_train.engine.distributed.Accelerator", refuse)
    with pytest.raises(ConfigError, match=r"runtime\.precision=fp16 does not work here: .* requires a GPU"):
        open_accelerator(RuntimeConfig(device="cpu", precision="fp16"))
