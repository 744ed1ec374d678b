"""Drawing and loss of the contrastive branch."""

from typing import get_args

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import DynamicOutputShapeException, FakeTensorMode
from torch.nn.functional import normalize

from benchmarks.gpu.guard import sync_is_an_error
from pixcon_train.method.candidates import BankSettings, labeled_candidates
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.contrastive import Admitted, Form, contrast, gather_pixels, info_nce, select_anchors, thin
from pixcon_train.models.base import ModelOutput
from tests.waiting import NoWaiting

FORMS = get_args(Form)


@pytest.mark.reference
def test_loss_and_gradient_match_the_release(golden: dict[str, np.ndarray]) -> None:
    raw = torch.from_numpy(golden["infonce/anchors_raw"]).requires_grad_()
    bank = ClassBank(6, 8, 16)  # the last class stays empty, and one anchor is of it
    bank.enqueue(*(torch.from_numpy(golden[f"infonce/bank_{name}"]) for name in ("embeddings", "labels")))
    labels = torch.from_numpy(golden["infonce/labels"])
    loss = info_nce(normalize(raw, dim=1), labels, bank.queue, bank.held(), temperature=0.1)
    loss.backward()
    assert loss.item() == pytest.approx(float(golden["infonce/loss"]), rel=1e-5)
    np.testing.assert_allclose(raw.grad, golden["infonce/grad_raw"], rtol=1e-3, atol=1e-6)


def _problem(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, ClassBank]:
    """Twenty anchors, two of them padding, and a bank of four classes: full, partly filled, empty, one entry."""
    generator = torch.Generator().manual_seed(seed)
    anchors = normalize(torch.randn(20, 8, generator=generator), dim=1)
    labels = torch.randint(4, (20,), generator=generator)
    labels[[3, 7]] = -1
    bank = ClassBank(4, 5, 8)
    bank.enqueue(
        normalize(torch.randn(10, 8, generator=generator), dim=1), torch.tensor([0, 1, 0, 0, 3, 1, 0, 0, 1, 0])
    )
    return anchors, labels, bank


def test_loss_equals_a_naive_loop_over_equation_3() -> None:
    anchors, labels, bank = _problem()
    losses = []
    for z, a in zip(anchors.double().numpy(), labels.tolist(), strict=True):
        terms = {k: [np.exp(z @ b / 0.1) for b in bank.queue[k, : bank.filled[k]].double().numpy()] for k in range(4)}
        if a >= 0 and terms[a]:
            losses.append(-np.log(sum(terms[a]) / sum(sum(term) for term in terms.values())))
    assert 0 < len(losses) < 18
    found = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1)
    assert found.item() == pytest.approx(np.mean(losses), rel=1e-5)


def test_supcon_equals_a_naive_loop_and_its_automatic_gradient() -> None:
    """With weights that are not 1."""
    anchors, labels, bank = _problem()
    weight = torch.rand(4, 5, generator=torch.Generator().manual_seed(2))
    expected, found = (anchors.clone().requires_grad_() for _ in range(2))
    losses = []
    for z, a in zip(expected, labels.tolist(), strict=True):
        if a >= 0 and bank.filled[a]:
            terms = {k: (bank.queue[k, :n] @ z / 0.1).exp() for k, n in enumerate(bank.filled.tolist())}
            total = sum((weight[k, : len(term)] * term).sum() for k, term in terms.items())
            own = weight[a, : bank.filled[a]]
            losses.append(-(own * (terms[a] / total).log()).sum() / own.sum())
    assert 0 < len(losses) < 18
    naive = torch.stack(losses).mean()
    naive.backward()
    loss = info_nce(found, labels, bank.queue, bank.held(), temperature=0.1, weight=weight, form="supcon")
    loss.backward()
    torch.testing.assert_close(loss, naive)
    torch.testing.assert_close(found.grad, expected.grad, rtol=1e-4, atol=1e-6)


def test_the_forms_are_equal_with_one_positive_and_supcon_is_greater_with_more() -> None:
    anchors, labels, bank = _problem()
    single = labels == 3
    assert single.any()
    assert bank.filled[3] == 1

    def loss(labels: torch.Tensor, form: Form) -> torch.Tensor:
        return info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1, form=form)

    one = torch.where(single, labels, -1)
    torch.testing.assert_close(loss(one, "supcon"), loss(one, "eq3"))
    assert loss(labels, "supcon") > loss(labels, "eq3")


@pytest.mark.parametrize("form", FORMS)
def test_weights_of_one_change_nothing(form: Form) -> None:
    anchors, labels, bank = _problem()
    plain = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1, form=form)
    weighted = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1, weight=bank.weight, form=form)
    assert torch.equal(weighted, plain)


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_of_weight_two_is_two_entries_and_one_of_none_is_no_entry(form: Form) -> None:
    anchors, labels, bank = _problem()
    rows = bank.queue[bank.held()]
    classes = torch.arange(4).repeat_interleave(bank.filled)
    full = int(bank.filled.argmax())  # a class that keeps a positive
    first = int((classes < full).sum())
    assert bank.filled[full] > 2
    weight = bank.weight.clone()
    weight[full, 0], weight[full, 1] = 2.0, 0.0
    soft = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1, weight=weight, form=form)
    instead = torch.arange(len(rows))
    instead[first + 1] = first
    doubled = ClassBank(4, 12, 8)
    doubled.enqueue(rows[instead], classes)
    hard = info_nce(anchors, labels, doubled.queue, doubled.held(), temperature=0.1, form=form)
    torch.testing.assert_close(soft, hard)


@pytest.mark.parametrize("form", FORMS)
def test_order_of_anchors_and_entries_and_padding_do_not_matter(form: Form) -> None:
    anchors, labels, bank = _problem()
    expected = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1, form=form)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    padded = torch.cat([labels[order], torch.full((6,), -1)])
    rows = torch.cat([anchors[order], torch.ones(6, 8)])
    queue, held = bank.queue.flip(1), bank.held().flip(1)
    torch.testing.assert_close(info_nce(rows, padded, queue, held, temperature=0.1, form=form), expected)


@pytest.mark.parametrize("form", FORMS)
def test_what_an_empty_slot_contains_does_not_matter(form: Form) -> None:
    anchors, labels, bank = _problem()
    expected = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1, form=form)
    bank.queue[~bank.held()] = 1.0
    assert torch.equal(info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.1, form=form), expected)


def test_loss_stays_in_float32_under_autocast() -> None:
    """At η = 0.01 similarities reach 100, where bfloat16 has steps of a half."""
    anchors, labels, bank = _problem()
    plain = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.01)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = info_nce(anchors, labels, bank.queue, bank.held(), temperature=0.01)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, plain)


def test_drawing_is_within_the_cap_of_the_right_class_and_without_repetition() -> None:
    generator = torch.Generator().manual_seed(0)
    admitted = torch.randint(-1, 4, (2, 9, 9), generator=generator)
    admitted[admitted == 3] = -1
    admitted[0, 0, :2] = 3
    anchors = select_anchors(admitted, num_classes=5, cap=7, generator=generator)
    present = anchors.labels >= 0
    assert torch.equal(admitted.flatten()[anchors.positions[present]], anchors.labels[present])
    assert len(anchors.positions[present].unique()) == present.sum()
    assert torch.bincount(anchors.labels[present], minlength=5).tolist() == [7, 7, 7, 2, 0]


def test_every_pixel_is_drawn_equally_often() -> None:
    generator = torch.Generator().manual_seed(0)
    admitted = torch.zeros(1, 1, 10, dtype=torch.long)
    drawn = torch.zeros(10)
    for _ in range(2000):
        drawn[select_anchors(admitted, num_classes=1, cap=3, generator=generator).positions] += 1
    assert ((drawn - 600).abs() < 5 * (2000 * 0.3 * 0.7) ** 0.5).all()


def test_thinning_prefers_real_rows() -> None:
    labels = torch.tensor([-1, 4, -1, 2, 0, -1])
    chosen = thin(labels, limit=3, generator=torch.Generator().manual_seed(0))
    assert sorted(labels[chosen].tolist()) == [0, 2, 4]
    assert thin(labels, limit=9, generator=None).tolist() == list(range(6))


@pytest.mark.parametrize("form", FORMS)
def test_an_anchor_without_a_positive_does_not_count(form: Form) -> None:
    queue, held = torch.eye(2)[:, None], torch.tensor([[True], [False]])
    anchors = torch.eye(2, requires_grad=True)
    both = info_nce(anchors, torch.tensor([0, 1]), queue, held, temperature=0.1, form=form)
    alone = info_nce(anchors[:1], torch.tensor([0]), queue, held, temperature=0.1, form=form)
    assert both.item() == alone.item() == 0
    none = info_nce(anchors, torch.tensor([1, -1]), queue, held, temperature=0.1, form=form)
    none.backward()
    assert none.item() == 0
    assert torch.equal(anchors.grad, torch.zeros(2, 2))


def test_gathering_equals_indexing() -> None:
    features = torch.randn(2, 3, 4, 5)
    index = torch.tensor([0, 19, 20, 39, 27])
    flat = features.permute(0, 2, 3, 1).reshape(-1, 3)
    assert torch.equal(gather_pixels(features, index), flat[index])


def _branch(
    bank: ClassBank, inputs: tuple[torch.Tensor, ...], generator: torch.Generator | None, form: Form
) -> tuple[torch.Tensor, Admitted]:
    """Selection and loss of one iteration."""
    embedding, logits, labels = inputs
    settings = BankSettings("clean", cap=5, max_anchors=9, wait_for_all=True, form=form)
    candidates = labeled_candidates(ModelOutput(logits, embedding, embedding), labels, settings)
    return contrast(candidates, bank, settings, generator)


def _iterate(
    bank: ClassBank, inputs: tuple[torch.Tensor, ...], generator: torch.Generator | None, form: Form
) -> torch.Tensor:
    """All of one iteration, in the order in which training does it."""
    loss, admitted = _branch(bank, inputs, generator, form)
    loss.backward()
    bank.enqueue(*admitted)
    return loss


def _inputs(seed: int, *, device: str = "cpu") -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    embedding = normalize(torch.randn(2, 8, 6, 6, generator=generator), dim=1)
    logits, labels = torch.randn(2, 3, 12, 12, generator=generator), torch.randint(3, (2, 12, 12), generator=generator)
    return embedding.to(device).requires_grad_(), logits.to(device), labels.to(device)


@pytest.mark.parametrize("form", FORMS)
def test_the_branch_never_makes_the_host_wait(form: Form) -> None:
    bank, generator = ClassBank(3, 4, 8), torch.Generator().manual_seed(0)
    with NoWaiting():
        for seed in range(2):
            _iterate(bank, _inputs(seed), generator, form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU, whose driver then notices any wait")
def test_the_branch_never_makes_the_host_wait_for_a_gpu(form: Form) -> None:
    bank, generator, inputs = ClassBank(3, 4, 8).cuda(), torch.Generator("cuda"), _inputs(0, device="cuda")
    with sync_is_an_error(torch.device("cuda")):
        _iterate(bank, inputs, generator, form)


@pytest.mark.parametrize("form", FORMS)
def test_no_shape_depends_on_data(form: Form) -> None:
    """Fake tensors have shapes and no data, so that whatever needs some raises."""
    with FakeTensorMode():
        bank, labels = ClassBank(3, 4, 8), torch.zeros(2, 12, 12, dtype=torch.long)
        inputs = (torch.zeros(2, 8, 6, 6, requires_grad=True), torch.zeros(2, 3, 12, 12), labels)
        assert _iterate(bank, inputs, None, form).shape == ()
        with pytest.raises(DynamicOutputShapeException):
            _ = bank.queue[bank.held()]


@pytest.mark.parametrize("form", FORMS)
def test_branch_and_enqueue_are_one_graph_each(form: Form) -> None:
    """With `fullgraph` a break, where Python would have to see a value, is an error."""
    # A generator cannot be an input of a graph, so the global one is set before either way.
    branch = torch.compile(_branch, fullgraph=True, backend="eager")
    enqueue = torch.compile(ClassBank.enqueue, fullgraph=True, backend="eager")
    bank, plain = ClassBank(3, 4, 8), ClassBank(3, 4, 8)
    for seed in range(2):
        torch.manual_seed(seed)
        expected = _iterate(plain, _inputs(seed), None, form)
        torch.manual_seed(seed)
        loss, admitted = branch(bank, _inputs(seed), None, form)
        enqueue(bank, *admitted)
        torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(bank.queue, plain.queue)


def test_the_guard_would_notice_waiting() -> None:
    with NoWaiting(), pytest.raises(AssertionError, match="wait"):
        torch.ones(3)[torch.tensor([True, False, True])]
    with NoWaiting(), pytest.raises(AssertionError, match="wait"):
        torch.ones(()).item()
    with NoWaiting(), pytest.raises(AssertionError, match="wait"):
        torch.ones(3)[torch.tensor([0, 2])] = 0.0
