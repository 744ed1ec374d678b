"""The plain step of the benchmark against the project's step.

In float64, so that no pixel's confidence is within the rounding of τ.
"""

from pathlib import Path

import pytest
import torch

from benchmarks.baselines.training_step import plain_attention
from benchmarks.gpu.harness import TINY, new_run
from benchmarks.training_step import outside, plain_batch, plain_step

UNBANKED = {key: value for key, value in TINY.items() if not key.startswith("bank.")}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("written_out", [True, False])
def test_plain_step_and_the_project_s_have_the_same_losses(tmp_path: Path, written_out: bool) -> None:
    values = {"preset": "unimatch-v2", "data.crop": 56, "consistency.tau": 0.409, "consistency.cutmix": 1.0}
    run = new_run({**UNBANKED, **values, "schedule.batch": 4, "optimizer.lr": 1e-4, "runtime.device": "cpu"}, tmp_path)
    plain = plain_step(run, written_out=written_out)
    retained = []
    for iteration in range(3):
        micro = run.batch(iteration)
        assert micro[0]["image"].dtype == torch.float64
        expected = plain.step(plain_batch(run, micro, iteration), iteration)
        found = run.stepper.step([micro], iteration).scalars
        retained.append(expected["retention"])
        for name, value in expected.items():
            assert float(found[name]) == pytest.approx(value, rel=1e-9), name
    assert any(0 < share < 1 for share in retained)


def test_share_outside_forward_and_backward_is_a_share(tmp_path: Path) -> None:
    run = new_run({**UNBANKED, "preset": "unimatch-v2", "runtime.device": "cpu"}, tmp_path)
    assert all(0 < share < 100 for share in outside(run, run.batch(), 2))


def test_written_out_attention_gives_the_same_logits(tmp_path: Path) -> None:
    run = new_run({**UNBANKED, "preset": "unimatch-v2", "runtime.device": "cpu"}, tmp_path)
    student, images = run.parts.student.eval(), torch.randn(1, 3, 28, 28)
    with torch.no_grad():
        fused = student(images).logits
        torch.testing.assert_close(plain_attention(student)(images).logits, fused)
