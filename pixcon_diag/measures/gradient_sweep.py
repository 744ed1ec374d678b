"""A controlled test of the count law: a clean bank contaminated step by step (Obs. 3.1, assumption iii)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.gradient import ContaminationGradient
from pixcon_diag.measures.gradient_result import FRACTIONS, SweepPoint
from pixcon_train.core.errors import ConfigError


def contamination_sweep(
    anchors: Tensor,
    labels: Tensor,
    entries: Entries[Tensor],
    *,
    num_classes: int,
    generator: torch.Generator,
    fractions: Sequence[float] = FRACTIONS,
    temperature: float = 0.1,
    confusion: Tensor | None = None,
) -> tuple[SweepPoint, ...]:
    """The gradient split of the same anchors as a growing fraction of a clean bank is relabeled.

    The sweep is nested: an entry that is wrong at one fraction is wrong in the same way at every larger one.

    Args:
        anchors: z (A, D), unit norm.
        labels: (A,) int64, −1 for padding.
        entries: a bank whose labels are the truth.
        num_classes: K.
        generator: on the CPU, so that the drawn labels do not depend on the device.
        fractions: each in [0, 1].
        temperature: η.
        confusion: (K, K), how often truth k was predicted as j: wrong labels follow the model's confusions, and
            entries of a class never confused with a class in the bank stay clean. None draws wrong labels uniformly
            from the other classes in the bank.

    Raises:
        ConfigError: a fraction outside [0, 1].
    """
    for fraction in fractions:
        if not 0 <= fraction <= 1:
            raise ConfigError(f"Expected fractions of relabeled entries in [0, 1], got {fraction}.")
    host = Entries(*(column.cpu() for column in entries))
    wrong = _wrong_labels(host, _likelihood(host, num_classes, confusion), generator)
    turn = _turn(host, num_classes, generator)
    points = []
    for fraction in fractions:
        relabeled = torch.where(turn < fraction, wrong, host.labels).to(entries.labels.device)
        metric = ContaminationGradient(num_classes, temperature=temperature).to(anchors.device)
        metric.update(anchors, labels, entries._replace(labels=relabeled, truth=entries.labels))
        points.append(SweepPoint(float(fraction), metric.compute()))
    return tuple(points)


def _likelihood(entries: Entries[Tensor], num_classes: int, confusion: Tensor | None) -> Tensor:
    """(K, K) float64: weight with which an entry of class k gets the wrong label j; 0 for j that the bank lacks."""
    shape = (num_classes, num_classes)
    weights = torch.ones(shape) if confusion is None else confusion.cpu()
    if weights.shape != shape:
        raise ConfigError(f"Expected a confusion matrix {shape}, got {tuple(weights.shape)}.")
    present = torch.bincount(entries.labels[entries.held], minlength=num_classes) > 0
    return weights.double() * ~torch.eye(num_classes, dtype=torch.bool) * present


def _wrong_labels(entries: Entries[Tensor], likelihood: Tensor, generator: torch.Generator) -> Tensor:
    """The label that each entry gets once it is relabeled (M,); unchanged where no other is possible."""
    possible = likelihood.sum(1) > 0
    # multinomial refuses a row of zeros; what it draws there is not used.
    drawn = torch.multinomial(
        torch.where(possible[:, None], likelihood, 1.0), len(entries.labels), replacement=True, generator=generator
    )
    labels = entries.labels
    return torch.where(possible[labels], drawn[labels, torch.arange(len(labels))], labels)


def _turn(entries: Entries[Tensor], num_classes: int, generator: torch.Generator) -> Tensor:
    """When each held entry is relabeled (M,): the r-th of n in its class once the fraction exceeds (r − 1/2) / n."""
    group = torch.where(entries.held, entries.labels, num_classes)
    draw = torch.rand(group.shape, generator=generator, dtype=torch.float64)
    order = (group + draw).argsort()
    sizes = torch.bincount(group, minlength=num_classes + 1)
    start = sizes.cumsum(0) - sizes
    rank = torch.empty_like(group).scatter_(0, order, torch.arange(len(group)))
    turn = (rank - start[group] + 0.5) / sizes[group]
    return torch.where(entries.held, turn, torch.inf)
