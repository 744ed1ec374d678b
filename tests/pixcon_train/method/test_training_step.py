"""The whole training step against the two releases, with its randomness handed in."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from pixcon_train.method.candidates import BankSettings, labeled_candidates
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.consistency import ConsistencyRules, Weighting
from pixcon_train.method.label_noise import Noise
from pixcon_train.method.losses import ohem_loss, supervised_loss
from pixcon_train.method.optimizer import build_optimizer, update_teacher
from pixcon_train.method.perturbations import complementary_scale, fused_dropout
from pixcon_train.method.step_inputs import StepBatch, StepRandomness
from pixcon_train.method.thresholds import Threshold
from pixcon_train.method.training_step import StepResult, StepSettings, training_step
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from pixcon_train.models.joint import JointForward
from tests.reference import fill_by_rule, rng
from tests.waiting import NoWaiting

StepArguments = tuple[StepBatch, StepRandomness, StepSettings, ClassBank | None]


def _normal(name: str) -> torch.Tensor:
    return torch.from_numpy(rng(name).standard_normal((4, 3, 70, 70)).astype(np.float32))


def _labels() -> torch.Tensor:
    labels = rng("step_y").integers(0, 21, (4, 5, 5)).repeat(14, 1).repeat(14, 2)
    labels[:, :6] = 255
    return torch.from_numpy(labels)


def _batch() -> StepBatch:
    padding = torch.zeros(4, 70, 70, dtype=torch.bool)
    padding[:, 60:] = True
    padding[1, :, 50:] = True
    return StepBatch(
        _normal("step_x"), _labels(), _normal("step_uw"), (_normal("step_s1"), _normal("step_s2")), padding
    )


@pytest.mark.reference
def test_unimatch_v2_step_matches_the_release(golden: dict[str, np.ndarray]) -> None:
    student = fill_by_rule(build_model("unimatch_v2", "small", 21, projection=False)).train()
    teacher = fill_by_rule(build_model("unimatch_v2", "small", 21, projection=False)).eval()
    mask, undropped = torch.from_numpy(golden["step/dropout_mask"]), torch.from_numpy(golden["step/undropped"])
    boxes = torch.from_numpy(golden["step/boxes"])
    randomness = StepRandomness((boxes[0], boxes[1]), complementary_scale(mask, undropped), None, None)

    # The reference's τ is the confidence of one pixel, which rounding in the last digit would put on either side of it;
    # no other pixel is within 1e-6.
    tau = float(golden["step/tau"]) - 1e-6

    result = training_step(
        JointForward(student), teacher, _batch(), randomness, StepSettings(ConsistencyRules(Threshold(tau)))
    )
    result.loss.backward()

    for name in ("loss_x", "loss_s1", "loss_s2", "loss"):
        assert getattr(result, name).item() == pytest.approx(float(golden[f"step/{name}"]), rel=1e-5)
    assert result.retention.item() == pytest.approx(float(golden["step/mask_ratio"]), rel=1e-5)
    _same_gradient_norms(student, golden, "step")

    optimizer = build_optimizer(student, lr=5e-6, lr_factor=40, weight_decay=0.01, decay_1d=True)
    optimizer.step()
    update_teacher(teacher, student, 1 - 1 / 10)
    after = student.state_dict()
    np.testing.assert_allclose(after["backbone.patch_embed.proj.bias"], golden["step/after_patch_bias"], atol=1e-7)
    output_bias = "head.scratch.output_conv.2.bias"
    np.testing.assert_allclose(after[output_bias], golden["step/after_output_bias"], atol=1e-6)
    np.testing.assert_allclose(teacher.state_dict()[output_bias], golden["step/ema_output_bias"], atol=1e-6)


def _same_gradient_norms(student: torch.nn.Module, golden: dict[str, np.ndarray], prefix: str) -> None:
    """Gradient norms agree to 1e-3 where they are above 1e-6, and every parameter is accounted for."""
    parameters = dict(student.named_parameters())
    assert sorted(golden[f"{prefix}/names"].tolist()) == sorted(parameters)
    for name, norm in zip(golden[f"{prefix}/names"], golden[f"{prefix}/grad_norms"], strict=True):
        gradient = parameters[name].grad
        found = 0.0 if gradient is None else gradient.norm().item()
        assert found == pytest.approx(norm, rel=1e-3, abs=1e-6), name


def _filled_bank() -> ClassBank:
    rows = [rng(f"px_bank{k}").standard_normal((12, 256)).astype(np.float32) for k in range(21)]
    entries = torch.nn.functional.normalize(torch.from_numpy(np.concatenate(rows)), dim=1)
    bank = ClassBank(21, 256, 256)
    bank.enqueue(entries, torch.arange(21).repeat_interleave(12))
    return bank


def _pixcon_step(golden: dict[str, np.ndarray], weight: float) -> tuple[torch.nn.Module, StepResult]:
    student = fill_by_rule(build_model("pixcon", "small", 21, projection=True)).train()
    student.head[3].eval()  # the reference has Dropout2d off
    teacher = fill_by_rule(build_model("pixcon", "small", 21, projection=True)).eval()
    whole = _batch()
    batch = StepBatch(  # one unlabeled image: it does not touch the labeled half, and time is short
        whole.images,
        torch.from_numpy(golden["pixcon_step/target"]).long(),
        whole.weak[:1],
        (whole.strong[0][:1], whole.strong[1][:1]),
        whole.padding[:1],
    )
    boxes = torch.zeros(1, 4, dtype=torch.long)
    most = int(golden["pixcon_step/eligible_per_class"].max())  # the reference takes every eligible pixel
    settings = StepSettings(bank=BankSettings("clean", weight=weight, cap=most, max_anchors=21 * most))
    randomness = StepRandomness((boxes, boxes), None, None, torch.Generator().manual_seed(0))
    return student, training_step(JointForward(student), teacher, batch, randomness, settings, _filled_bank())


@pytest.mark.reference
def test_candidates_have_the_release_s_feature_size(golden: dict[str, np.ndarray]) -> None:
    student = fill_by_rule(build_model("pixcon", "small", 21, projection=True)).eval()
    target = torch.from_numpy(golden["pixcon_step/target"])[:1].long()
    with torch.no_grad():
        candidates = labeled_candidates(student(_batch().images[:1], embed=True), target, BankSettings("clean"))
    for values in (candidates.admitted, candidates.embedding):
        assert values.shape[-2:] == tuple(golden["pixcon_step/feature_size"])


@pytest.mark.reference
def test_contrastive_branch_matches_the_release_inside_a_step(golden: dict[str, np.ndarray]) -> None:
    _, result = _pixcon_step(golden, weight=1.0)
    assert result.admitted is not None
    eligible = torch.bincount(result.admitted.labels[result.admitted.labels >= 0], minlength=21)
    np.testing.assert_array_equal(eligible, golden["pixcon_step/eligible_per_class"])
    assert result.loss_pix.item() == pytest.approx(float(golden["pixcon_step/loss"]), rel=1e-5)
    assert result.loss_x.item() == pytest.approx(float(golden["pixcon_step/loss_x"]), rel=1e-5)


@pytest.mark.reference
def test_contrastive_gradient_matches_the_release(golden: dict[str, np.ndarray]) -> None:
    """The gradient of the contrastive loss alone is the difference of two steps with weights 1 and 0."""
    norms = []
    for weight in (1.0, 0.0):
        student, result = _pixcon_step(golden, weight)
        result.loss.backward()
        norms.append({name: p.grad for name, p in student.named_parameters()})
    with_branch, without = norms
    for name, norm in zip(golden["pixcon_step/names"], golden["pixcon_step/grad_norms"], strict=True):
        if with_branch[name] is None:
            assert norm == pytest.approx(0, abs=1e-6), name
            continue
        alone = with_branch[name] - (0 if without[name] is None else without[name])
        assert alone.norm().item() == pytest.approx(norm, rel=1e-3, abs=2e-6), name


def _tiny(
    bank: BankSettings | None, store: ClassBank | None = None
) -> tuple[SegmentationModel, SegmentationModel, StepArguments]:
    """Nano networks of three classes and the other arguments of a step, with both kinds of dropout mask."""
    torch.manual_seed(0)
    student, teacher = (build_model("pixcon", "nano", 3, projection=True, embedding_dim=8) for _ in range(2))
    generator = torch.Generator().manual_seed(1)
    image = partial(torch.randn, 2, 3, 28, 28, generator=generator)
    labels = torch.randint(3, (2, 28, 28), generator=generator)
    batch = StepBatch(image(), labels, image(), (image(), image()), torch.zeros(2, 28, 28, dtype=torch.bool))
    boxes = torch.tensor([[0, 0, 14, 14], [0, 0, 0, 0]])
    scale = fused_dropout(student.fused_channels, batch=2, generator=generator)
    randomness = StepRandomness((boxes, boxes), None, scale, generator)
    return (
        student.train(),
        teacher.eval(),
        (batch, randomness, StepSettings(ConsistencyRules(Threshold(0.0)), bank=bank), store),
    )


def _bank_of(*classes: int) -> ClassBank:
    bank = ClassBank(3, 8, 8)
    bank.enqueue(torch.eye(8)[: len(classes)], torch.tensor(classes))
    return bank


@pytest.mark.parametrize("rule", ["clean", "labeled", "confidence", "soft", "pseudo"])
def test_an_empty_bank_adds_nothing_to_the_loss_but_gets_entries(rule: str) -> None:
    student, teacher, arguments = _tiny(BankSettings(rule, cap=4, tau=0.0), ClassBank(3, 8, 8))
    result = training_step(JointForward(student), teacher, *arguments)
    assert result.loss_pix.item() == 0
    assert result.admitted is not None
    assert (result.admitted.labels >= 0).any()
    assert not result.admitted.embeddings.requires_grad


@pytest.mark.parametrize("weight", [None, 0.0, 0.3])
def test_the_loss_is_the_papers_sum_of_its_parts(weight: float | None) -> None:
    settings = None if weight is None else BankSettings("labeled", weight=weight, cap=4)
    student, teacher, arguments = _tiny(settings, _bank_of(0, 1, 2))
    result = training_step(JointForward(student), teacher, *arguments)
    parts = (result.loss_x + (result.loss_s1 + result.loss_s2) / 2) / 2 + (weight or 0) * result.loss_pix
    assert result.loss.item() == pytest.approx(parts.item(), rel=1e-6)
    assert (result.admitted is None) == (weight is None)
    assert (result.loss_pix > 0) == (weight is not None)


def test_the_loss_counts_from_the_first_entry_or_once_every_class_has_one() -> None:
    losses = {}
    for wait in (False, True):
        for present in ((0, 1), (0, 1, 2)):
            settings = BankSettings("labeled", cap=4, wait_for_all=wait)
            student, teacher, arguments = _tiny(settings, _bank_of(*present))
            losses[wait, len(present)] = training_step(JointForward(student), teacher, *arguments).loss_pix.item()
    assert losses[False, 2] > 0
    assert losses[True, 2] == 0
    assert losses[True, 3] == losses[False, 3] > 0


def test_neither_teacher_nor_bank_is_changed() -> None:
    bank = _bank_of(0, 1, 2)
    student, teacher, arguments = _tiny(BankSettings("labeled", cap=4), bank)
    before = [value.clone() for module in (teacher, bank) for value in module.state_dict().values()]
    training_step(JointForward(student), teacher, *arguments).loss.backward()
    after = [value for module in (teacher, bank) for value in module.state_dict().values()]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert all(parameter.grad is None for parameter in teacher.parameters())


@pytest.mark.parametrize("supervised", [supervised_loss, partial(ohem_loss, threshold=0.7, min_kept=50)])
@pytest.mark.parametrize("rule", ["clean", "soft", "pseudo"])
def test_the_whole_step_never_makes_the_host_wait(supervised: Callable[..., torch.Tensor], rule: str) -> None:
    bank = _bank_of(0, 1)
    student, teacher, (batch, randomness, settings, _) = _tiny(BankSettings(rule, cap=4, wait_for_all=True))
    rules = ConsistencyRules(Threshold(0.0), Noise(3, 0.3, "confusion"), Weighting("both"))
    batch = batch._replace(target=batch.labels)
    settings = replace(settings, rules=rules, supervised=supervised)
    with NoWaiting():
        result = training_step(JointForward(student), teacher, batch, randomness, settings, bank)
        result.loss.backward()
        bank.enqueue(*result.admitted)


def test_padding_never_counts() -> None:
    student = build_model("unimatch_v2", "nano", 3, projection=False).train()
    images = torch.randn(2, 3, 28, 28)
    batch = StepBatch(
        images, torch.zeros(2, 28, 28, dtype=torch.long), images, (images, images), torch.ones(2, 28, 28).bool()
    )
    boxes = torch.zeros(2, 4, dtype=torch.long)
    result = training_step(
        JointForward(student), student, batch, StepRandomness((boxes, boxes), None, None, None), StepSettings()
    )
    assert (result.loss_s1.item(), result.loss_s2.item(), result.retention.item()) == (0, 0, 0)


def _teacher_labels(teacher: SegmentationModel, batch: StepBatch) -> torch.Tensor:
    with torch.no_grad():
        return teacher(batch.weak).logits.argmax(1)


def test_contamination_of_pseudo_labels_is_counted_against_the_truth() -> None:
    student, teacher, (batch, randomness, settings, _) = _tiny(None)
    labels = _teacher_labels(teacher, batch)
    target = labels.clone()
    target[0, :2], target[1, :3], target[1, 3] = (target[0, :2] + 1) % 3, 255, (target[1, 3] + 2) % 3
    padding = batch.padding.clone()
    padding[0, 0] = True
    batch = batch._replace(target=target, padding=padding)
    counts = training_step(JointForward(student), teacher, batch, randomness, settings).counts
    assert {name: int(value) for name, value in counts.items()} == {
        "retained": 2 * 28 * 28 - 28,
        "known": 2 * 28 * 28 - 28 - 3 * 28,
        "wrong": 28 + 28,
    }


def test_truth_is_in_no_loss() -> None:
    student, teacher, arguments = _tiny(BankSettings("pseudo", cap=4, tau=0.0), _bank_of(0, 1, 2))
    blind = training_step(JointForward(student), teacher, *arguments)
    student, teacher, arguments = _tiny(BankSettings("pseudo", cap=4, tau=0.0), _bank_of(0, 1, 2))
    seeing = training_step(
        JointForward(student), teacher, arguments[0]._replace(target=arguments[0].labels), *arguments[1:]
    )
    assert torch.equal(blind.loss, seeing.loss)
    assert blind.admitted is not None and seeing.admitted is not None
    assert torch.equal(blind.admitted.embeddings, seeing.admitted.embeddings)
    assert blind.admitted.target.eq(-1).all()
    assert seeing.admitted.target[seeing.admitted.labels >= 0].ge(0).all()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_of_a_right_teacher_noise_leaves_every_label_or_none(rate: float) -> None:
    student, teacher, (batch, randomness, settings, _) = _tiny(BankSettings("pseudo", cap=9, tau=0.0))
    batch = batch._replace(target=_teacher_labels(teacher, batch))
    noisy = replace(settings, rules=ConsistencyRules(Threshold(0.0), Noise(3, rate, "uniform")))
    result = training_step(JointForward(student), teacher, batch, randomness, noisy, ClassBank(3, 8, 8))
    assert int(result.counts["wrong"]) == int(result.counts["replaced"]) == rate * 2 * 28 * 28
    assert result.admitted is not None
    entered = result.admitted.labels >= 0
    assert entered.any()
    assert (result.admitted.target != result.admitted.labels)[entered].eq(rate == 1).all()
