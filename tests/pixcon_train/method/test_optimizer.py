"""Parameter groups and the learning-rate schedule."""

import copy

import pytest
import torch
from torch import nn

from pixcon_train.method.optimizer import build_optimizer, ema_decay, rate, set_rate, update_teacher
from pixcon_train.models.build import build_model


@pytest.mark.parametrize("decay_1d", [True, False])
def test_every_parameter_is_in_one_group_at_its_rate(decay_1d: bool) -> None:
    model = build_model("pixcon", "nano", 3, projection=True, embedding_dim=8)
    optimizer = build_optimizer(model, lr=5e-6, lr_factor=40, weight_decay=0.01, decay_1d=decay_1d)
    found = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(found)
    encoder = {id(p) for _, p in model.encoder_parameters()}
    for name, parameter in model.named_parameters():
        group = found[id(parameter)]
        assert group["lr"] == pytest.approx(5e-6 if id(parameter) in encoder else 2e-4), name
        assert group["weight_decay"] == (0.01 if decay_1d or parameter.ndim > 1 else 0.0), name


def test_rate_is_a_power_of_what_is_left() -> None:
    assert rate(0, total=10, power=0.9) == 1
    assert rate(5, total=10, power=0.9) == pytest.approx(0.5**0.9)
    assert rate(10, total=10, power=0.9) == rate(11, total=10, power=0.9) == 0


def test_warm_up_rises_linearly_and_then_joins_the_schedule() -> None:
    factors = [rate(i, total=100, power=1, warmup=4) for i in range(5)]
    assert factors == pytest.approx([0.25, 0.5 * 0.99, 0.75 * 0.98, 0.97, 0.96])


def test_setting_a_rate_always_starts_from_the_peak() -> None:
    model = build_model("unimatch_v2", "nano", 3, projection=False)
    optimizer = build_optimizer(model, lr=1e-3, lr_factor=10, weight_decay=0.0, decay_1d=True)
    for factor in (0.5, 0.25):
        set_rate(optimizer, factor)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == pytest.approx([2.5e-4, 2.5e-3])


def test_decay_rises_to_its_ceiling() -> None:
    assert [ema_decay(i, 0.996) for i in (0, 1, 3)] == pytest.approx([0.0, 0.5, 0.75])
    assert ema_decay(10_000, 0.996) == 0.996


def _networks() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    student = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
    teacher = copy.deepcopy(student).eval().requires_grad_(False)
    for _ in range(2):
        student(torch.randn(2, 3, 5, 5))
    with torch.no_grad():
        student[0].weight += 1
    return teacher, student


def test_parameters_and_statistics_are_averaged_and_counters_copied() -> None:
    teacher, student = _networks()
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    update_teacher(teacher, student, 0.75)
    after, new = teacher.state_dict(), student.state_dict()
    assert after["1.num_batches_tracked"] == 2
    for name in before.keys() - {"1.num_batches_tracked"}:
        torch.testing.assert_close(after[name], 0.75 * before[name] + 0.25 * new[name])
    assert not torch.equal(after["1.running_mean"], before["1.running_mean"])


def test_the_first_update_copies_the_student_and_leaves_it_alone() -> None:
    teacher, student = _networks()
    kept = {name: value.clone() for name, value in student.state_dict().items()}
    update_teacher(teacher, student, ema_decay(0, 0.996))
    for name, value in kept.items():
        assert torch.equal(teacher.state_dict()[name], value)
        assert torch.equal(student.state_dict()[name], value)
    assert all(not parameter.requires_grad for parameter in teacher.parameters())
