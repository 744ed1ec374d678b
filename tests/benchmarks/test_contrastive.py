"""The baseline of the contrastive branch computes what the product computes."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from benchmarks.baselines import contrastive as class_by_class
from pixcon_train.method.candidates import BankSettings, labeled_candidates
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.contrastive import Admitted, contrast
from pixcon_train.models.base import ModelOutput

CLASSES, SIZE = 4, 32


def _inputs() -> tuple[Tensor, Tensor, Tensor]:
    """Embedding, logits and labels of 72 pixels, a tenth of them void and half of them predicted correctly."""
    generator = torch.Generator().manual_seed(0)
    embedding = normalize(torch.randn(2, 8, 6, 6, generator=generator), dim=1)
    labels = torch.randint(CLASSES - 1, (2, 6, 6), generator=generator)
    logits = torch.randn(2, CLASSES, 6, 6, generator=generator)
    right = torch.rand(labels.shape, generator=generator) < 0.5
    logits.scatter_(1, labels[:, None], torch.where(right, 9.0, -9.0)[:, None])
    labels[torch.rand(labels.shape, generator=generator) < 0.1] = 255
    return embedding.requires_grad_(), logits, labels


def _bank() -> ClassBank:
    """Two classes partly filled, one empty, and one full, of which there are no pixels."""
    bank, generator = ClassBank(CLASSES, SIZE, 8), torch.Generator().manual_seed(1)
    labels = torch.tensor([0] * 8 + [1] * 3 + [3] * 40)
    bank.enqueue(normalize(torch.randn(51, 8, generator=generator), dim=1), labels)
    return bank


def _ours(inputs: tuple[Tensor, Tensor, Tensor], bank: ClassBank, cap: int) -> tuple[Tensor, Admitted]:
    embedding, logits, labels = inputs
    settings = BankSettings("clean", cap=cap)
    candidates = labeled_candidates(ModelOutput(logits, embedding, embedding), labels, settings)
    return contrast(candidates, bank, settings, torch.Generator().manual_seed(2))


def test_without_chance_loss_gradient_and_bank_are_equal() -> None:
    """The caps exceed the pixels, so both ways take all of them."""
    inputs, bank = _inputs(), _bank()
    loss, admitted = _ours(inputs, bank, 72)
    plain = class_by_class.Bank(bank.queue, bank.filled, bank.ptr)
    anchors, labels = class_by_class.sample(*inputs, 72)
    expected = class_by_class.info_nce(anchors, labels, plain, temperature=0.1, limit=1024)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    gradients = [torch.autograd.grad(value, inputs[0])[0] for value in (loss, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)
    assert gradients[1].abs().max() > 0
    bank.enqueue(*admitted)
    plain.enqueue(anchors.detach(), labels)
    assert bank.filled.tolist() == plain.filled
    for label in range(CLASSES):
        rows = (queue[label, : bank.filled[label]] for queue in (bank.queue, plain.queue))
        torch.testing.assert_close(*(part[part[:, 0].argsort()] for part in rows))


def test_under_the_cap_each_class_has_as_many_anchors_and_the_same_loss() -> None:
    inputs, bank = _inputs(), _bank()
    loss, admitted = _ours(inputs, bank, 5)
    present = admitted.labels >= 0
    counts = torch.bincount(admitted.labels[present], minlength=CLASSES)
    assert counts.max() == 5 and len(counts.unique()) > 1
    _, labels = class_by_class.sample(*inputs, 5)
    assert torch.equal(torch.bincount(labels, minlength=CLASSES), counts)
    plain = class_by_class.Bank(bank.queue, bank.filled, bank.ptr)
    drawn = admitted.embeddings[present], admitted.labels[present]
    expected = class_by_class.info_nce(*drawn, plain, temperature=0.1, limit=1024)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
