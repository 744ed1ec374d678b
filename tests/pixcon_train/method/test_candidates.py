"""The pixels of a step that may enter the bank."""

import torch

from pixcon_train.method.candidates import BankSettings, labeled_candidates, unlabeled_candidates
from pixcon_train.method.consistency import Views
from pixcon_train.models.base import ModelOutput


def test_soft_entries_weigh_the_probability_of_their_label() -> None:
    """At equal sizes of logits and feature nothing is interpolated, so the weights are the softmax itself."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 3, 4, 5, generator=generator)
    embedding = torch.nn.functional.normalize(torch.randn(1, 8, 4, 5, generator=generator), dim=1)
    labels = torch.randint(3, (1, 4, 5), generator=generator)
    labels[0, 0, 0] = 255
    output = ModelOutput(logits, embedding, embedding)
    soft = labeled_candidates(output, labels, BankSettings("soft"))
    hard = labeled_candidates(output, labels, BankSettings("labeled"))
    assert torch.equal(soft.admitted, hard.admitted) and torch.equal(soft.target, hard.target)
    assert hard.weights.eq(1).all()
    valid = labels != 255
    probability = logits.softmax(1).permute(0, 2, 3, 1)[valid].gather(1, labels[valid][:, None])[:, 0]
    torch.testing.assert_close(soft.weights[valid], probability)


def test_pseudo_candidates_are_the_confident_pixels_of_the_strong_views() -> None:
    embedding = torch.zeros(2, 8, 2, 2)
    pseudo = torch.tensor([[[0, 1], [2, 0]], [[1, 1], [1, 1]]])
    confidence = torch.tensor([[[0.95, 0.94], [1.0, 0.99]], [[0.0, 1.0], [1.0, 1.0]]])
    padding = torch.tensor([[[False, False], [False, True]], [[False, False], [True, False]]])
    target = torch.tensor([[[0, 1], [1, 0]], [[1, 255], [1, 0]]])
    views = Views(ModelOutput(embedding, embedding, embedding), pseudo, confidence, padding, target)
    found = unlabeled_candidates(views, BankSettings("pseudo", tau=0.95))
    assert found.admitted.tolist() == [[[0, -1], [2, -1]], [[-1, 1], [-1, 1]]]
    assert found.target.tolist() == [[[0, 1], [1, 0]], [[1, -1], [1, 0]]]
