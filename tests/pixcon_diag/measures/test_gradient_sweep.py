import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.gradient_result import SweepPoint
from pixcon_diag.measures.gradient_sweep import contamination_sweep
from pixcon_train.core.errors import ConfigError


def clustered(*, classes: int = 4, size: int = 50, spread: float = 0.5) -> tuple[Tensor, Tensor, Entries]:
    """Classes around random directions: anchors, their labels, and a clean bank; the last class has no entry."""
    generator = torch.Generator().manual_seed(0)
    centre = F.normalize(torch.randn(classes, 16, generator=generator), dim=1)
    labels = torch.arange(classes).repeat_interleave(size)

    def around() -> Tensor:
        return F.normalize(centre[labels] + spread * torch.randn(len(labels), 16, generator=generator) / 4, dim=1)

    held = (labels < classes - 1) & (torch.rand(len(labels), generator=generator) < 0.9)
    return around(), labels, Entries(around(), labels, labels, held)


def sweep(
    seed: int = 0, *, confusion: Tensor | None = None, fractions: tuple[float, ...] = (0, 0.1, 0.3, 0.5)
) -> tuple[SweepPoint, ...]:
    anchors, labels, entries = clustered()
    generator = torch.Generator().manual_seed(seed)
    return contamination_sweep(
        anchors, labels, entries, num_classes=4, generator=generator, fractions=fractions, confusion=confusion
    )


def rho(points: tuple[SweepPoint, ...]) -> list[float]:
    return [point.result.supcon.overall.rho_f for point in points]


def test_uniform_relabelling_gives_the_rate_asked_for() -> None:
    points = sweep()
    assert [point.fraction for point in points] == [0, 0.1, 0.3, 0.5]
    assert rho(points) == pytest.approx([0, 0.1, 0.3, 0.5], abs=0.03)
    assert points[0].result.eq3.overall.norm_false == 0
    assert points[0].result.eq3.overall.anchors == 150  # those of the class without entries have no positive


def test_the_ratio_grows_with_contamination_and_eq3_stays_below_supcon() -> None:
    points = sweep()
    for form in ("eq3", "supcon"):
        ratios = [getattr(point.result, form).overall.ratio for point in points]
        assert ratios == sorted(ratios)
    for point in points[1:]:
        # False positives lie in other clusters: they carry little softmax mass, but count fully in the SupCon form.
        assert point.result.eq3.overall.mass < 0.5 * point.result.supcon.overall.mass
        assert point.result.eq3.overall.ratio < point.result.supcon.overall.ratio


def test_wrong_labels_follow_the_confusions() -> None:
    # 0 is only ever taken for 1, 1 never for anything in the bank, 2 equally for 0 and 1, and 3 is not in the bank.
    confusion = torch.tensor([[90.0, 10, 0, 5], [0, 100, 0, 9], [4, 4, 92, 0], [1, 1, 1, 1]])
    for point in sweep(confusion=confusion)[1:]:
        classes = point.result.supcon.classes
        assert (
            0 < classes[0].rho_f < classes[1].rho_f
        )  # from half of class 2's; from the other half and all of class 0's
        assert classes[2].rho_f == 0
        assert classes[3].anchors == 0
    assert confusion[0, 0] == 90  # not written to


def test_the_sweep_is_nested_and_seeded() -> None:
    assert rho(sweep(1)) == rho(sweep(1))
    assert rho(sweep(1)) != rho(sweep(2))
    assert rho(sweep(1, fractions=(0.3,)))[0] == rho(sweep(1))[2]
    fine = rho(sweep(1, fractions=tuple(i / 40 for i in range(21))))
    assert fine == sorted(fine)


def test_everything_relabelled() -> None:
    point = sweep(fractions=(1.0,))[0]
    assert point.result.eq3.overall.rho_f == 1
    assert math.isnan(point.result.eq3.overall.ratio)


@pytest.mark.parametrize("confusion", [None, torch.full((2, 2), 0.1)])
def test_entries_are_relabelled_once_the_fraction_exceeds_their_place(confusion: Tensor | None) -> None:
    """The only entry of class 0 at more than 1/2, those of class 1 at more than 1/4 and 3/4; all to the other class."""
    labels = torch.tensor([0, 1, 1])
    entries = Entries(torch.eye(3), labels, labels, torch.ones(3).bool())
    points = contamination_sweep(
        torch.eye(3)[:2], torch.tensor([0, 1]), entries, num_classes=2,
        generator=torch.Generator().manual_seed(0), fractions=(0.25, 0.26, 0.5, 0.51, 0.75, 0.76), confusion=confusion,
    )  # fmt: skip
    rates = [[one.rho_f for one in point.result.supcon.classes] for point in points]
    assert rates == [[0, 0], [0.5, 0], [0.5, 0], [1, 0.5], [1, 0.5], [1, 1]]


def test_misuse_is_named() -> None:
    for fraction in (-0.01, 1.01):
        with pytest.raises(ConfigError, match=r"in \[0, 1\]"):
            sweep(fractions=(0.5, fraction))
    with pytest.raises(ConfigError, match=r"in \[0, 1\], got 50"):
        sweep(fractions=(50,))
    with pytest.raises(ConfigError, match=r"confusion matrix \(4, 4\), got \(2, 2\)"):
        sweep(confusion=torch.ones(2, 2))
