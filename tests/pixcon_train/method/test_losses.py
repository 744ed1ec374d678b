"""Cross-entropies against the reference and by hand."""

import numpy as np
import pytest
import torch

from pixcon_train.method.losses import consistency_loss, consistency_weights, ohem_loss, supervised_loss


@pytest.mark.reference
@pytest.mark.parametrize("min_kept", [50, 400, 100_000])
def test_ohem_matches_the_release(golden: dict[str, np.ndarray], min_kept: int) -> None:
    loss = ohem_loss(
        torch.from_numpy(golden["ohem/logits"]),
        torch.from_numpy(golden["ohem/target"]),
        threshold=0.7,
        min_kept=min_kept,
    )
    assert loss.item() == pytest.approx(float(golden[f"ohem/loss_min_kept_{min_kept}"]), rel=1e-5)


def test_supervised_loss_leaves_void_out() -> None:
    logits = torch.zeros(1, 4, 1, 3)
    assert supervised_loss(logits, torch.tensor([[[0, 1, 255]]])).item() == pytest.approx(np.log(4))
    assert supervised_loss(logits, torch.full((1, 1, 3), 255)).item() == 0


def test_ohem_of_nothing_labeled_is_zero() -> None:
    logits = torch.zeros(1, 4, 1, 3, requires_grad=True)
    loss = ohem_loss(logits, torch.full((1, 1, 3), 255), threshold=0.7, min_kept=1)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.abs().sum() == 0


def test_consistency_divides_by_all_that_is_not_padding() -> None:
    """Four pixels: one padded, one below τ, two counted with loss log 2 each, so 2·log 2 / 3."""
    logits = torch.zeros(1, 2, 1, 4)
    retained = torch.tensor([[[0.95, 0.99, 0.9499, 1.0]]]) >= 0.95
    padding = torch.tensor([[[False, False, False, True]]])
    loss = consistency_loss(logits, torch.zeros(1, 1, 4).long(), retained.float(), padding)
    assert loss.item() == pytest.approx(2 * np.log(2) / 3)


def test_consistency_weights_by_hand() -> None:
    """A vertical edge between columns 2 and 3; with a width of 2 the two columns on either side are near it."""
    confidence = torch.linspace(0.1, 0.7, 7).expand(1, 5, 7)
    pseudo = (torch.arange(7) > 2).long().expand(1, 5, 7)
    near = torch.tensor([1.0, 3, 3, 3, 3, 1, 1]).expand(1, 5, 7)
    expected = {"none": torch.ones(1, 5, 7), "confidence": confidence, "boundary": near, "both": near * confidence}
    for kind, weights in expected.items():
        torch.testing.assert_close(consistency_weights(confidence, pseudo, kind=kind, width=2, factor=3.0), weights)


def test_weights_scale_the_loss_of_each_pixel() -> None:
    logits, padding = torch.zeros(1, 2, 1, 4), torch.zeros(1, 1, 4, dtype=torch.bool)
    loss = consistency_loss(logits, torch.zeros(1, 1, 4).long(), torch.tensor([[[0.5, 0.0, 2.0, 1.0]]]), padding)
    assert loss.item() == pytest.approx(3.5 * np.log(2) / 4)


@pytest.mark.parametrize(("classes", "void"), [(255, 255), (256, 65535), (300, 65535), (1000, 65535)])
def test_void_follows_from_the_number_of_classes(classes: int, void: int) -> None:
    """255 is a class of 256: its pixels count like all others."""
    logits = torch.randn(2, classes, 3, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(classes, (2, 3, 5), generator=torch.Generator().manual_seed(1))
    labels[0, 0], labels[1, 1] = classes - 1, min(255, classes - 1)
    unknown = torch.zeros(labels.shape, dtype=torch.bool)
    unknown[:, 2] = True
    log = logits.double().log_softmax(1).numpy()
    places = [place for place in np.ndindex(labels.shape) if not unknown[place]]
    losses = [-log[image, labels[image, row, column], row, column] for image, row, column in places]
    stored = labels.masked_fill(unknown, void)
    assert supervised_loss(logits, stored).item() == pytest.approx(np.mean(losses), rel=1e-5)
    kept = [loss for loss in losses if np.exp(-loss) <= 0.002] or losses
    assert ohem_loss(logits, stored, threshold=0.002, min_kept=1).item() == pytest.approx(np.mean(kept), rel=1e-4)
