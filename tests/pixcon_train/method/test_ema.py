"""The teacher's average, by hand and against a loop."""

import copy

import pytest
import torch
from torch import nn

from pixcon_train.method.optimizer import ema_decay, update_teacher


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
