"""The hash of what a network predicts."""

import pytest
import torch

from pixcon_diag.checkpoints.modules.fingerprint import fingerprint

LOGITS = torch.randn(1, 21, 30, 40, generator=torch.Generator().manual_seed(3))


def test_rounding_of_a_processor_is_no_change() -> None:
    noise = torch.randn(LOGITS.shape, generator=torch.Generator().manual_seed(4))
    found = [fingerprint(LOGITS + size * noise) for size in (0, 1e-7, 1e-6)]
    assert found == [fingerprint(LOGITS.double())] * 3


@pytest.mark.parametrize("place", [0, 12345, -1])
def test_one_other_logit_is_another_function(place: int) -> None:
    changed = LOGITS.clone()
    changed.flatten()[place] += 1
    assert fingerprint(changed) != fingerprint(LOGITS)


def test_what_moves_all_logits_is_another_function() -> None:
    others = (LOGITS * 1.01, LOGITS + 0.01, LOGITS.flip(1), LOGITS.flip(3), -LOGITS, LOGITS.mT, LOGITS[..., 1:])
    assert len({fingerprint(other) for other in (LOGITS, *others)}) == 8


def test_logits_of_zero_and_many_have_one() -> None:
    assert fingerprint(torch.zeros(1, 2, 4, 4)) != fingerprint(torch.zeros(1, 2, 4, 5))
    many = torch.ones(1, 2, 1024, 600)  # more than are summed at once
    assert fingerprint(many) != fingerprint(torch.cat([many[:, :1], -many[:, :1]], 1))
