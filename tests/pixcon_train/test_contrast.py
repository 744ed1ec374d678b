"""Admission, drawing and loss of the contrastive branch."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pixcon_train.bank import ClassBank
from pixcon_train.contrast import admit, gather_pixels, info_nce, select_anchors, thin
from pixcon_train.models.base import ModelOutput
from pixcon_train.step import BankSettings, contrast


@pytest.mark.reference
def test_loss_and_gradient_match_the_release(golden: dict[str, np.ndarray]) -> None:
    raw = torch.from_numpy(golden["infonce/anchors_raw"]).requires_grad_()
    entries, labels = (torch.from_numpy(golden[f"infonce/bank_{name}"]) for name in ("embeddings", "labels"))
    loss = info_nce(
        torch.nn.functional.normalize(raw, dim=1),
        torch.from_numpy(golden["infonce/labels"]),
        entries,
        labels,
        torch.ones(len(labels), dtype=torch.bool),
        temperature=0.1,
    )
    loss.backward()
    assert loss.item() == pytest.approx(float(golden["infonce/loss"]), rel=1e-5)
    np.testing.assert_allclose(raw.grad, golden["infonce/grad_raw"], rtol=1e-3, atol=1e-6)


def test_rules_by_hand() -> None:
    """Labels 0 1 2 void; predictions 0 0 2 1 with confidences high, high, low, high."""
    logits = torch.tensor([[[9.0, 9, 0, 0], [0, 0, 0, 9], [0, 0, 0.1, 0]]])[:, :, None]
    labels = torch.tensor([[[0, 1, 2, 255]]])
    expected = {"clean": [0, -1, 2, -1], "labeled": [0, 1, 2, -1], "confidence": [0, 0, -1, -1]}
    for rule, admitted in expected.items():
        assert admit(rule, logits, labels, tau=0.95).flatten().tolist() == admitted


def test_drawing_is_within_the_cap_of_the_right_class_and_without_repetition() -> None:
    generator = torch.Generator().manual_seed(0)
    admitted = torch.randint(-1, 4, (2, 9, 9), generator=generator)
    admitted[admitted == 3] = -1
    admitted[0, 0, :2] = 3
    anchors = select_anchors(admitted, num_classes=5, cap=7, generator=generator)
    present = anchors.labels >= 0
    assert torch.equal(admitted.flatten()[anchors.index[present]], anchors.labels[present])
    assert len(anchors.index[present].unique()) == present.sum()
    assert torch.bincount(anchors.labels[present], minlength=5).tolist() == [7, 7, 7, 2, 0]


def test_every_pixel_is_drawn_equally_often() -> None:
    generator = torch.Generator().manual_seed(0)
    admitted = torch.zeros(1, 1, 10, dtype=torch.long)
    drawn = torch.zeros(10)
    for _ in range(2000):
        drawn[select_anchors(admitted, num_classes=1, cap=3, generator=generator).index] += 1
    assert ((drawn - 600).abs() < 5 * (2000 * 0.3 * 0.7) ** 0.5).all()


def test_thinning_prefers_real_rows() -> None:
    labels = torch.tensor([-1, 4, -1, 2, 0, -1])
    chosen = thin(labels, limit=3, generator=torch.Generator().manual_seed(0))
    assert sorted(labels[chosen].tolist()) == [0, 2, 4]
    assert thin(labels, limit=9, generator=None).tolist() == list(range(6))


def test_an_anchor_without_a_positive_does_not_count() -> None:
    entries = torch.eye(2)
    held, kinds = torch.tensor([True, False]), torch.tensor([0, 1])
    anchors = torch.eye(2, requires_grad=True)
    both = info_nce(anchors, torch.tensor([0, 1]), entries, kinds, held, temperature=0.1)
    alone = info_nce(anchors[:1], torch.tensor([0]), entries, kinds, held, temperature=0.1)
    assert both.item() == alone.item() == 0
    none = info_nce(anchors, torch.tensor([1, -1]), entries, kinds, held, temperature=0.1)
    none.backward()
    assert none.item() == 0
    assert torch.equal(anchors.grad, torch.zeros(2, 2))


def test_gathering_equals_indexing() -> None:
    features = torch.randn(2, 3, 4, 5)
    index = torch.tensor([0, 19, 20, 39, 27])
    flat = features.permute(0, 2, 3, 1).reshape(-1, 3)
    assert torch.equal(gather_pixels(features, index), flat[index])


class NoWaiting(TorchDispatchMode):
    """Fails on every operation whose result's shape or value the host would have to wait for on a GPU."""

    FORBIDDEN = ("_local_scalar_dense", "nonzero", "masked_select", "bincount", "unique", "is_nonzero")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.__name__.split(".")[0]
        indexes = args[1] if name in {"index", "index_put", "index_put_"} else ()
        boolean = any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indexes)
        if boolean or name.removeprefix("_") in {forbidden.removeprefix("_") for forbidden in self.FORBIDDEN}:
            raise AssertionError(f"{func} makes the host wait")
        return func(*args, **(kwargs or {}))


def _branch() -> None:
    generator = torch.Generator().manual_seed(0)
    bank = ClassBank(3, 4, 8)
    embedding = torch.nn.functional.normalize(torch.randn(2, 8, 6, 6, generator=generator), dim=1).requires_grad_()
    output = ModelOutput(torch.randn(2, 3, 12, 12, generator=generator), embedding, embedding)
    labels = torch.randint(3, (2, 12, 12), generator=generator)
    for _ in range(2):
        loss, admitted = contrast(output, labels, bank, BankSettings("clean", cap=5, max_anchors=9), generator)
        loss.backward()
        bank.enqueue(*admitted)


def test_the_branch_never_makes_the_host_wait() -> None:
    with NoWaiting():
        _branch()


def test_the_guard_would_notice_waiting() -> None:
    with NoWaiting(), pytest.raises(AssertionError, match="wait"):
        torch.ones(3)[torch.tensor([True, False, True])]
    with NoWaiting(), pytest.raises(AssertionError, match="wait"):
        torch.ones(()).item()
