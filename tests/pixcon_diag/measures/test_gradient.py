import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.gradient import FORMS, ContaminationGradient, Form, split_gradient
from pixcon_diag.measures.gradient_result import FormResult, GradientOptions, GradientResult
from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.core.files import to_json
from pixcon_train.method.contrastive import info_nce

ETA = 0.1


def bank(seed: int, *, classes: int = 4, size: int = 12, dim: int = 6, wrong: float = 0.3) -> Entries:
    """Random unit entries, some of them under a wrong label, some rows empty."""
    generator = torch.Generator().manual_seed(seed)
    rows = classes * size
    labels = torch.arange(classes).repeat_interleave(size)
    other = (labels + torch.randint(1, classes, (rows,), generator=generator)) % classes
    truth = torch.where(torch.rand(rows, generator=generator) < wrong, other, labels)
    embeddings = F.normalize(torch.randn(rows, dim, generator=generator, dtype=torch.float64), dim=1)
    return Entries(embeddings, labels, truth, torch.rand(rows, generator=generator) < 0.8)


def draw(seed: int, count: int = 20, *, classes: int = 4, dim: int = 6) -> tuple[Tensor, Tensor]:
    """Random unit anchors of random classes."""
    generator = torch.Generator().manual_seed(1000 + seed)
    anchors = F.normalize(torch.randn(count, dim, generator=generator, dtype=torch.float64), dim=1)
    return anchors, torch.randint(0, classes, (count,), generator=generator)


def naive_loss(anchor: Tensor, label: int, entries: Entries, temperature: float, form: Form) -> Tensor:
    """The definition, entry by entry; 0 where the anchor has no positive."""
    rows = [i for i in range(len(entries.labels)) if entries.held[i]]
    positives = [i for i in rows if entries.labels[i] == label]
    if not positives:
        return anchor.sum() * 0
    exponent = {i: torch.exp(anchor @ entries.embeddings[i] / temperature) for i in rows}
    everything = torch.stack(list(exponent.values())).sum()
    if form == "eq3":
        return -torch.log(torch.stack([exponent[i] for i in positives]).sum() / everything)
    return -torch.stack([torch.log(exponent[i] / everything) for i in positives]).mean()


def negative_gradient(
    anchors: Tensor, labels: Tensor, entries: Entries, form: Form, temperature: float = ETA
) -> Tensor:
    """−η ∂L/∂z of every anchor, by autograd."""
    leaf = anchors.clone().requires_grad_()
    losses = [naive_loss(z, int(a), entries, temperature, form) for z, a in zip(leaf, labels, strict=True)]
    torch.stack(losses).sum().backward()
    assert leaf.grad is not None
    return -temperature * leaf.grad


def measure(anchors: Tensor, labels: Tensor, entries: Entries, *, classes: int = 4) -> GradientResult:
    metric = ContaminationGradient(classes, temperature=ETA)
    metric.update(anchors, labels, entries)
    return metric.compute()


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.integers(0, 10**6), wrong=st.sampled_from([0.0, 0.1, 0.5, 1.0]), eta=st.sampled_from([0.07, 0.1, 1.0]))
@settings(max_examples=15, deadline=None)
def test_the_parts_add_up_to_the_gradient(form: Form, seed: int, wrong: float, eta: float) -> None:
    entries, (anchors, labels) = bank(seed, wrong=wrong, size=6), draw(seed, 5)
    split = split_gradient(anchors, labels, entries, temperature=eta, form=form)
    expected = negative_gradient(anchors, labels, entries, form, eta)
    assert torch.allclose(split.true + split.false, expected, atol=1e-6, rtol=0)
    assert (split.true + split.false - expected).abs().max() < 1e-12


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_the_training_loss(form: Form) -> None:
    entries, (anchors, labels) = bank(1), draw(1)
    leaf = anchors.float().requires_grad_()
    queue, held = entries.embeddings.unflatten(0, (4, -1)), entries.held.unflatten(0, (4, -1))
    loss = info_nce(leaf, labels, queue, held, temperature=ETA, form=form)
    loss.backward()
    split = split_gradient(anchors, labels, entries, temperature=ETA, form=form)
    assert leaf.grad is not None
    expected = -ETA * leaf.grad.double() * split.counted.sum()  # the training loss is a mean over A+
    assert torch.allclose(split.true + split.false, expected, atol=1e-5)


@pytest.mark.reference
def test_gradient_matches_the_release(golden: dict[str, np.ndarray]) -> None:
    raw = torch.from_numpy(golden["infonce/anchors_raw"]).double()
    embeddings, held_labels = (torch.from_numpy(golden[f"infonce/bank_{name}"]) for name in ("embeddings", "labels"))
    entries = Entries(embeddings, held_labels, held_labels, torch.ones(len(held_labels), dtype=torch.bool))
    anchors, labels = F.normalize(raw, dim=1), torch.from_numpy(golden["infonce/labels"])
    split = split_gradient(anchors, labels, entries, temperature=0.1)
    gradient = -(split.true + split.false) / 0.1 / split.counted.sum()
    # Through the normalisation, z = raw / ‖raw‖.
    tangent = gradient - (gradient * anchors).sum(1, keepdim=True) * anchors
    np.testing.assert_allclose(
        tangent / raw.norm(dim=1, keepdim=True), golden["infonce/grad_raw"], rtol=1e-3, atol=1e-6
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_single_positive_is_counted(form: Form) -> None:
    """z̄ is halfway between the positive and the negative, which are as similar to the anchor."""
    entries = Entries(torch.eye(2), torch.tensor([0, 1]), torch.tensor([1, 1]), torch.ones(2).bool())
    split = split_gradient(torch.full((2, 2), 0.5**0.5), torch.tensor([0, 2]), entries, temperature=ETA, form=form)
    assert split.counted.tolist() == [True, False]
    assert split.false.tolist() == [[0.5, -0.5], [0.0, 0.0]] and split.true.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert split.rho_f[0] == 1.0 and split.mass[0] == 1.0


def test_a_false_positive_of_little_weight_is_no_rounding() -> None:
    """Opposite to the anchor, it has a share of e^-20 / (1 + e^-20) in the weight of the positives."""
    entries = Entries(
        torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64),
        torch.tensor([0, 0]),
        torch.tensor([0, 1]),
        torch.ones(2).bool(),
    )
    anchor = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    split = split_gradient(anchor, torch.tensor([0]), entries, temperature=ETA)
    weight = math.exp(-20) / (1 + math.exp(-20))
    assert split.mass[0] == pytest.approx(weight, rel=1e-12)
    assert split.false[0].tolist() == pytest.approx([weight * (-1 - (1 - 2 * weight)), 0.0], rel=1e-9)


def test_the_default_sweep_is_the_papers() -> None:
    options = GradientOptions()
    assert options.fractions == (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
    assert (options.temperature, options.anchors, options.seed) == (0.1, 50, 0)


@pytest.mark.parametrize("form", FORMS)
def test_a_clean_bank_has_exactly_no_false_part(form: Form) -> None:
    entries = bank(2, wrong=0)
    anchors, labels = draw(2)
    split = split_gradient(anchors, labels, entries, temperature=ETA, form=form)
    assert (split.false == 0).all()
    assert (split.mass == 0).all()
    assert (split.rho_f[split.counted] == 0).all()
    result: FormResult = getattr(measure(anchors, labels, entries), form)
    overall = result.overall
    assert (overall.rho_f, overall.ratio, overall.law, overall.deflection, overall.norm_false) == (0, 0, 0, 0, 0)
    assert math.isnan(overall.cosine)
    assert math.isnan(overall.departure)
    assert result.departs == ()


def test_one_wrong_entry_gives_a_false_part() -> None:
    """A planted fault: what the clean bank's 0 must not hide."""
    entries = bank(2, wrong=0)
    row = int(entries.held.nonzero()[0])
    entries.truth[row] = (entries.labels[row] + 1) % 4
    anchors = draw(2)[0]
    split = split_gradient(anchors, entries.labels[row].expand(len(anchors)), entries, temperature=ETA)
    assert (split.false.norm(dim=1) > 0).all()


def test_hand_computed_split() -> None:
    # The anchor halfway between a true (e0) and a false positive (e1); the one negative (e2) is as similar as they are.
    entries = Entries(torch.eye(3), torch.tensor([0, 0, 1]), torch.tensor([0, 2, 1]), torch.ones(3).bool())
    anchor = torch.full((1, 3), 3**-0.5)
    for form in FORMS:
        split = split_gradient(anchor, torch.tensor([0]), entries, temperature=ETA, form=form)
        # z̄ = (1, 1, 1)/3 and w = 1/2 each.
        assert split.true[0].tolist() == pytest.approx([1 / 3, -1 / 6, -1 / 6])
        assert split.false[0].tolist() == pytest.approx([-1 / 6, 1 / 3, -1 / 6])
        assert (float(split.rho_f), float(split.mass)) == pytest.approx((0.5, 0.5))
    overall = measure(anchor, torch.tensor([0]), entries).eq3.overall
    assert (overall.anchors, overall.rho_f, overall.law, overall.ratio) == pytest.approx((1, 0.5, 1, 1))
    assert overall.norm_true == pytest.approx(math.sqrt(1 / 6))
    assert overall.cosine == pytest.approx(-0.5)
    # g_T + g_F = (1, 1, −2)/6 against (2, −1, −1)/6: cos = 3/6.
    assert overall.deflection == pytest.approx(60)


def directed(counts: tuple[int, int, int], similarities: tuple[float, float, float]) -> tuple[Tensor, Tensor, Entries]:
    """One anchor of class 0, and a bank whose true positives, false positives and negatives point each in a direction
    of their own, with the given similarities to the anchor."""
    anchor = F.one_hot(torch.tensor([0]), 4).double()
    groups = []
    for axis, (count, similarity) in enumerate(zip(counts, similarities, strict=True), start=1):
        vector = similarity * anchor[0] + math.sqrt(1 - similarity**2) * F.one_hot(torch.tensor(axis), 4)
        groups.append(vector.expand(count, 4))
    labels = torch.tensor([0] * (counts[0] + counts[1]) + [1] * counts[2])
    truth = torch.tensor([0] * counts[0] + [1] * (counts[1] + counts[2]))
    return anchor, torch.tensor([0]), Entries(torch.cat(groups), labels, truth, torch.ones(len(labels)).bool())


@pytest.mark.parametrize("false", [1, 2, 6, 20, 40, 50])
def test_the_count_law_holds_under_assumption_iii(false: int) -> None:
    """True and false positives equally similar to the anchor, and the negatives far more numerous."""
    result = measure(*directed((100 - false, false, 4000), (0.3, 0.3, 0.3)), classes=2)
    rho = false / 100
    assert result.supcon.overall.rho_f == pytest.approx(rho)
    assert result.supcon.overall.law == pytest.approx(rho / (1 - rho))
    assert result.supcon.overall.ratio == pytest.approx(rho / (1 - rho), rel=0.1)
    assert result.supcon.departs == ()
    assert result.eq3.overall.ratio == pytest.approx(rho / (1 - rho), rel=0.1)


def test_eq3_departs_where_false_positives_lie_far_from_the_anchor() -> None:
    result = measure(*directed((80, 20, 4000), (0.5, 0.1, 0.1)), classes=2)
    assert result.supcon.overall.mass == pytest.approx(0.2)
    # e^{(0.1 − 0.5)/η} = e^{−4} a false positive.
    light = 20 * math.exp(-4) / (80 + 20 * math.exp(-4))
    assert result.eq3.overall.mass == pytest.approx(light)
    assert result.eq3.overall.ratio < 0.1 * result.eq3.overall.law
    assert result.eq3.overall.departure < 0.1
    assert result.eq3.departs == (0,)


@pytest.mark.parametrize("form", FORMS)
def test_rates_equal_a_naive_loop(form: Form) -> None:
    entries, (anchors, labels) = bank(3), draw(3, 30)
    result: FormResult = getattr(measure(anchors, labels, entries), form)
    rows: dict[int, list[dict[str, float]]] = {k: [] for k in range(4)}
    for z, label in zip(anchors, labels.tolist(), strict=True):
        positives = [i for i in range(len(entries.labels)) if entries.held[i] and entries.labels[i] == label]
        everything = [i for i in range(len(entries.labels)) if entries.held[i]]
        exponent = {i: math.exp(float(z @ entries.embeddings[i]) / ETA) for i in everything}
        mean = torch.stack([exponent[i] * entries.embeddings[i] for i in everything]).sum(0) / sum(exponent.values())
        total = sum(exponent[i] for i in positives)
        weight = {i: exponent[i] / total if form == "eq3" else 1 / len(positives) for i in positives}
        wrong = [i for i in positives if entries.truth[i] != label]
        parts = [torch.zeros(6, dtype=torch.float64), torch.zeros(6, dtype=torch.float64)]
        for i in positives:
            parts[i in wrong] += weight[i] * (entries.embeddings[i] - mean)
        cosine = F.cosine_similarity(parts[0], parts[1], dim=0)
        angle = F.cosine_similarity(parts[0], parts[0] + parts[1], dim=0).clamp(-1, 1).acos()
        rows[label].append(
            {
                "rho_f": len(wrong) / len(positives),
                "mass": sum(weight[i] for i in wrong),
                "norm_true": float(parts[0].norm()),
                "norm_false": float(parts[1].norm()),
                "cosine": float(cosine) if wrong else math.nan,
                "deflection": math.degrees(float(angle)),
            }
        )
    for k in range(4):
        found = result.classes[k]
        assert found.anchors == len(rows[k])
        for name in ("rho_f", "mass", "norm_true", "norm_false", "cosine", "deflection"):
            assert getattr(found, name) == pytest.approx(np.nanmean([row[name] for row in rows[k]]), abs=1e-6)
        assert found.ratio == pytest.approx(found.norm_false / found.norm_true)
        assert found.law == pytest.approx(found.rho_f / (1 - found.rho_f))
    every = [row for group in rows.values() for row in group]
    assert result.overall.norm_false == pytest.approx(np.mean([row["norm_false"] for row in every]))
    assert result.overall.anchors == 30


def test_updates_and_padding_do_not_matter() -> None:
    entries, (anchors, labels) = bank(4), draw(4, 700)  # more than are taken at once
    whole, parts = ContaminationGradient(4), ContaminationGradient(4)
    whole.update(anchors, labels, entries)
    for part, group in zip(anchors.split(300), labels.split(300), strict=True):
        padded = torch.cat((part, torch.zeros(5, 6, dtype=torch.float64)))
        parts.update(padded, torch.cat((group, torch.full((5,), -1))), entries)
    assert torch.allclose(whole.sums, parts.sums, atol=1e-9)


def test_the_order_of_the_bank_and_a_rotation_change_nothing() -> None:
    entries, (anchors, labels) = bank(5), draw(5)
    order = torch.randperm(len(entries.labels), generator=torch.Generator().manual_seed(0))
    turn = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64))[0]
    shuffled = Entries(*(each[order] for each in entries))
    one = measure(anchors, labels, entries)
    other = measure(anchors @ turn, labels, shuffled._replace(embeddings=shuffled.embeddings @ turn))
    for form in FORMS:
        first, second = getattr(one, form).overall, getattr(other, form).overall
        assert (first.ratio, first.cosine, first.mass) == pytest.approx((second.ratio, second.cosine, second.mass))


def test_anchors_without_positives_do_not_count() -> None:
    entries, (anchors, _) = bank(6, classes=3), draw(6)
    nobody = torch.full((len(anchors),), 3)
    split = split_gradient(anchors, nobody, entries, temperature=ETA)
    assert not split.counted.any()
    assert (split.true == 0).all()
    result = measure(anchors, nobody, entries)
    assert result.eq3.overall.anchors == 0
    assert math.isnan(result.eq3.overall.ratio)
    assert '"ratio": null' in to_json(result.to_dict())


def test_only_false_positives() -> None:
    entries = bank(7, wrong=1)
    result = measure(*draw(7), entries)
    assert result.eq3.overall.rho_f == 1
    for undefined in ("ratio", "law", "cosine", "deflection"):
        assert math.isnan(getattr(result.eq3.overall, undefined))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("wrong", [0.0, 0.3])
@pytest.mark.parametrize("eta", [0.07, 1.0])
def test_a_bank_of_one_class_has_no_gradient_and_no_angle(dtype: torch.dtype, wrong: float, eta: float) -> None:
    """All entries are positives: Eq. 3 is log 1, whatever they are. What rounding leaves has no direction."""
    entries, anchors = bank(10, classes=2, size=40, wrong=wrong), draw(10)[0].to(dtype)
    one = entries._replace(embeddings=entries.embeddings.to(dtype), labels=torch.zeros(80, dtype=torch.long))
    one = one._replace(truth=(entries.truth != entries.labels).long())
    split = split_gradient(anchors, torch.zeros(20, dtype=torch.long), one, temperature=eta)
    assert (split.total == 0).all()
    assert (split.true == 0).all() == (wrong == 0)
    metric = ContaminationGradient(2, temperature=eta)
    metric.update(anchors, torch.zeros(20, dtype=torch.long), one)
    result = metric.compute()
    overall = result.eq3.overall
    assert overall.anchors == 20 and math.isnan(overall.deflection)
    if wrong:  # the parts are there, and cancel
        assert (overall.ratio, overall.cosine) == pytest.approx((1, -1))
    else:
        assert overall.norm_true == 0 and math.isnan(overall.ratio) and math.isnan(overall.cosine)
    assert result.supcon.overall.norm_true > 0.1  # the mean of log-probabilities does have one


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_embeddings_that_differ_by_rounding_have_no_angle(dtype: torch.dtype) -> None:
    """A head that gives every pixel the same vector."""
    entries, (anchors, labels) = bank(11), draw(11)
    vector = F.normalize(torch.ones(6, dtype=torch.float64) + torch.arange(6) / 7, dim=0)
    noise = torch.finfo(dtype).eps * torch.randn(48, 6, generator=torch.Generator().manual_seed(0), dtype=dtype)
    collapsed = entries._replace(embeddings=vector.to(dtype).expand(48, 6) + noise / 2)
    metric = ContaminationGradient(4, temperature=ETA)
    metric.update(anchors.to(dtype), labels, collapsed)
    for form in FORMS:
        overall = getattr(metric.compute(), form).overall
        assert overall.rho_f > 0.1 and overall.norm_true == overall.norm_false == 0
        assert all(math.isnan(each) for each in (overall.ratio, overall.cosine, overall.deflection))


def test_a_small_gradient_keeps_its_direction() -> None:
    """Of a well separated bank: positives so much closer than negatives that g is 1e-7, in float32."""
    anchor, label, entries = directed((40, 10, 100), (0.9, 0.85, -0.75))
    single = entries._replace(embeddings=entries.embeddings.float())
    for form, size in (("eq3", 1e-6), ("supcon", 1e-1)):
        found = [
            split_gradient(a, label, e, temperature=ETA, form=form)  # type: ignore[arg-type]
            for a, e in ((anchor, entries), (anchor.float(), single))
        ]
        assert 0 < float(found[0].total.norm()) < size
        assert F.cosine_similarity(found[0].total, found[1].total).item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_rounding_is_judged_anchor_by_anchor(form: Form) -> None:
    """Of 257 anchors at once, one without a gradient, as its negatives weigh e^−50, and 256 with a small one."""
    anchor, label, entries = directed((40, 10, 100), (0.9, 0.85, -0.75))
    single = entries._replace(embeddings=entries.embeddings.float())
    alone = split_gradient(anchor.float(), label, single, temperature=ETA, form=form)
    many = split_gradient(anchor.float().expand(256, 4), label.expand(256), single, temperature=ETA, form=form)
    assert torch.allclose(many.total, alone.total.expand(256, 4), rtol=1e-3, atol=0) and (alone.total != 0).any()
    basis = torch.eye(2, dtype=torch.float64)
    certain = Entries(basis[[0, 0, 0, 1]], torch.tensor([0, 0, 0, 1]), torch.tensor([0, 0, 0, 1]), torch.ones(4).bool())
    both = split_gradient(
        torch.stack((basis[0], basis.sum(0) / math.sqrt(2))), torch.tensor([0, 0]), certain, temperature=0.02, form=form
    )
    assert (both.total[0] == 0).all() and both.total[1].tolist() == pytest.approx([0.25, -0.25])


@pytest.mark.parametrize("form", FORMS)
def test_what_is_undefined_for_an_anchor_is_left_out_of_the_mean(form: Form) -> None:
    """Class 0 has true and false positives, class 1 only true ones (no cosine), class 2 only false ones (no angle)."""
    entries, (anchors, labels) = bank(13, classes=3, wrong=0), draw(13, 30, classes=3)
    truth = torch.where(entries.labels == 2, 0, entries.labels)
    truth[torch.arange(36) < 5] = 1
    found: FormResult = getattr(measure(anchors, labels, entries._replace(truth=truth), classes=3), form)
    first, second, third = found.classes
    assert found.overall.cosine == first.cosine and math.isnan(second.cosine) and math.isnan(third.cosine)
    assert second.deflection == 0 and math.isnan(third.deflection)
    angles = (first.anchors * first.deflection) / (first.anchors + second.anchors)
    assert found.overall.deflection == pytest.approx(angles)
    # An anchor whose parts cancel, as its negatives weigh e^−50, has no angle beside one that has.
    basis = torch.eye(2, dtype=torch.float64)
    entries = Entries(basis[[0, 0, 0, 1]], torch.tensor([0, 0, 0, 1]), torch.tensor([0, 0, 1, 1]), torch.ones(4).bool())
    pair, angle = torch.stack((basis[0], basis.sum(0) / math.sqrt(2))), []
    for group in (pair, pair[1:]):
        metric = ContaminationGradient(2, temperature=0.02)
        metric.update(group, torch.zeros(len(group), dtype=torch.long), entries)
        angle.append(getattr(metric.compute(), form).overall.deflection)
    assert angle[0] == pytest.approx(angle[1]) and angle[1] < 90


def test_an_empty_bank() -> None:
    entries = bank(8)._replace(held=torch.zeros(48, dtype=torch.bool))
    assert measure(*draw(8), entries).supcon.overall.anchors == 0


def test_states_of_two_processes_add_up_and_any_integer_is_a_label() -> None:
    entries, (anchors, labels) = bank(12), draw(12)
    whole, first, second = (ContaminationGradient(4) for _ in range(3))
    assert whole.temperature == 0.1, "the paper's"
    whole.update(anchors, labels, entries)
    small = entries._replace(labels=entries.labels.short(), truth=entries.truth.short())
    first.update(anchors[:7], labels[:7].short(), small)
    second.update(anchors[7:], labels[7:].short(), small)
    first.merge_state(second)
    assert torch.allclose(whole.sums, first.sums, rtol=1e-12, atol=1e-12)
    assert whole.sums.shape == first.sums.shape


def test_misuse_is_named() -> None:
    entries, (anchors, labels) = bank(9), draw(9)
    with pytest.raises(ConfigError, match="temperature eta > 0, got 0"):
        ContaminationGradient(4, temperature=0)
    with pytest.raises(ValueError, match="entries of one length"):
        measure(anchors, labels, entries._replace(truth=entries.truth[:3]))
    for batch in ((anchors, labels[:3], entries), (anchors[0], labels, entries), (anchors[0], labels[:6], entries)):
        with pytest.raises(ValueError, match=r"anchors \(A, D\), labels \(A,\)"):
            measure(*batch)
    for name, batch in (
        ("anchors' labels", (anchors, labels.float(), entries)),
        ("entries' labels", (anchors, labels, entries._replace(labels=entries.labels.float()))),
        ("truth", (anchors, labels, entries._replace(truth=entries.truth.float()))),
    ):
        with pytest.raises(ValueError, match=rf"\(integers\) as {name}, got torch\.float32"):
            measure(*batch)
    broken: Any = anchors.clone()
    broken[0, 0] = torch.nan
    with pytest.raises(PixConError, match="NaN or infinite"):
        measure(broken, labels, entries)
