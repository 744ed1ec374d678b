"""Optimizer steps against a plain restatement of them, so that whoever changes the step by accident sees it here.

Both sides compute in float64, on the same machine: rounding makes them differ by less than 1e-10, on any processor and
with any number of threads, and a change of the recipe by far more. That it would be seen is itself a test: changes are
planted in the step, and each must exceed the tolerance ten times over.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.config.schema import TrainConfig
from pixcon_train.engine import components as building
from pixcon_train.engine import stepper as stepping
from pixcon_train.engine.components import RunComponents, build_components
from pixcon_train.engine.distributed import open_accelerator
from pixcon_train.engine.stepper import Stepper
from pixcon_train.method import consistency as consistency_branch
from pixcon_train.method import contrastive as bank_branch
from pixcon_train.method import perturbations as mixing
from pixcon_train.method import training_step as step
from pixcon_train.method.admission import RULES
from pixcon_train.method.class_bank import ClassBank
from tests.pixcon_train.method.plain_step import Piece, PlainTrainer, Recipe
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = [pytest.mark.usefixtures("double"), pytest.mark.slow]

TOLERANCE = 1e-8
"""Largest relative deviation of any number that a step logs or leaves behind."""
STEPS = 3
BANK = {"pixcon": "clean", "unimatch-v2": "labeled"}
TAU = {"pixcon": 0.36, "unimatch-v2": 0.39}
"""Thresholds that a network of so few steps reaches in some pixels."""


def _config(root: Path, preset: str, dropout: str = "encoder") -> TrainConfig:
    """Two micro-batches a step, padding, a bank that overflows, more anchors than are used, an EMA at its ceiling."""
    return tiny_config(
        write_tiny(root, labeled=3, unlabeled=4 * STEPS),
        preset=preset,
        bank__rule=BANK[preset],
        bank__size=6,
        bank__max_anchors=10,
        consistency__tau=TAU[preset],
        consistency__cutmix=0.8,
        consistency__dropout=dropout,
        schedule__batch=4,
        schedule__micro_batch=2,
        ema_decay=0.6,
    )


def _recipe(config: TrainConfig, iterations: int) -> Recipe:
    bank, optimizer = config.bank, config.optimizer
    return Recipe(
        tau=config.consistency.tau,
        rule=bank.rule,
        bank_size=bank.size,
        cap=bank.cap,
        max_anchors=bank.max_anchors,
        temperature=bank.temperature,
        bank_weight=bank.weight,
        lr=optimizer.lr,
        lr_factor=optimizer.lr_factor,
        weight_decay=optimizer.weight_decay,
        decay_1d=optimizer.decay_1d,
        power=optimizer.power,
        warmup=optimizer.warmup,
        iterations=iterations,
        ema_ceiling=config.ema_decay,
    )


def _doubled(item: dict[str, Any]) -> dict[str, Any]:
    return {name: v.double() if isinstance(v, Tensor) and v.is_floating_point() else v for name, v in item.items()}


def _record(monkeypatch: pytest.MonkeyPatch) -> list[Piece]:
    """A list that fills with what :func:`training_step` is given from now on."""
    pieces: list[Piece] = []
    plain = stepping.training_step

    def recording(student: Any, teacher: Any, batch: Any, randomness: Any, *rest: Any) -> Any:
        half = len(batch.images)
        masks = [
            None if scale is None else scale[:half] for scale in (randomness.encoder_scale, randomness.fused_scale)
        ]
        given = batch.images, batch.labels, batch.weak, batch.strong, batch.padding, randomness.boxes, *masks
        pieces.append(Piece(*given, torch.initial_seed(), randomness.generator.get_state()))
        return plain(student, teacher, batch, randomness, *rest)

    monkeypatch.setattr(stepping, "training_step", recording)
    return pieces


def _deviations(config: TrainConfig, monkeypatch: pytest.MonkeyPatch, steps: int) -> dict[str, float]:
    """Largest relative deviation over all steps of each number that a step logs or leaves behind."""
    parts = build_components(config, open_accelerator(config.runtime))
    trainer = PlainTrainer(parts.student, parts.teacher, _recipe(config, parts.iterations), parts.student.num_classes)
    stepper, pieces, batches = Stepper(config, parts), _record(monkeypatch), iter(parts.loader)
    worst: dict[str, float] = {}
    seen = torch.zeros(5, dtype=torch.bool)
    for iteration in range(steps):
        pieces.clear()
        found = stepper.step([(_doubled(x), _doubled(u)) for x, u in islice(batches, 2)], iteration).scalars
        expected = trainer.step(pieces, iteration)
        pairs = {name: (found[name], torch.tensor(value)) for name, value in expected.items()}
        for name, pair in (pairs | _states(parts, trainer)).items():
            worst[name] = max(worst.get(name, 0.0), _deviation(*pair))
        seen |= _exercised(pieces, expected)
    assert seen.all(), "the data leave a part of the step untried"
    return worst


def _exercised(pieces: list[Piece], scalars: dict[str, float]) -> Tensor:
    """Whether there were padding, void, a box, dropped channels, and both kept and left pseudo-labels with a bank."""
    return torch.tensor(
        [
            any(piece.padding.any() for piece in pieces),
            any((piece.labels == 255).any() for piece in pieces),
            any(boxes.any() for piece in pieces for boxes in piece.boxes),
            any(
                (mask == 0).any()
                for piece in pieces
                for mask in (piece.encoder_mask, piece.fused_mask)
                if mask is not None
            ),
            0 < scalars["retention"] < 1 and scalars["loss_pix"] > 0,
        ]
    )


def _states(parts: RunComponents, trainer: PlainTrainer) -> dict[str, tuple[Tensor, Tensor]]:
    """Weights and bank of both sides."""
    pairs = {}
    for role, network, plain in (
        ("student", parts.student, trainer.student),
        ("teacher", parts.teacher, trainer.teacher),
    ):
        expected = plain.state_dict()
        pairs |= {f"{role} {name}": (value, expected[name]) for name, value in network.state_dict().items()}
    assert parts.bank is not None
    for label, entries in trainer.bank.items():
        expected_rows = torch.stack(entries) if entries else torch.zeros(0, parts.bank.queue.shape[2])
        pairs[f"bank {label}"] = _entries(parts.bank, label), expected_rows
    return pairs


def _entries(bank: ClassBank, label: int) -> Tensor:
    """Embeddings of a class, the oldest first."""
    rows, size = bank.queue[label, : int(bank.filled[label])], bank.queue.shape[1]
    return rows.roll(-int(bank.ptr[label]), 0) if len(rows) == size else rows


def _deviation(found: Tensor, expected: Tensor) -> float:
    """Largest difference over the largest size; infinite where shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    if not expected.numel():
        return 0.0
    difference = (found.detach().double() - expected.detach().double()).abs().max()
    return float(difference / expected.detach().double().abs().max().clamp(min=1e-6))


def _worst(config: TrainConfig, monkeypatch: pytest.MonkeyPatch, steps: int = STEPS) -> float:
    """Largest deviation of all; with ``-s`` it is printed, to see how much room there is."""
    deviations = _deviations(config, monkeypatch, steps)
    name = max(deviations, key=deviations.__getitem__)
    print(f"{deviations[name]:.1e} in {name}, {deviations['loss']:.1e} in loss")
    return deviations[name]


@pytest.mark.parametrize(
    ("preset", "dropout"), [("pixcon", "fused"), ("pixcon", "encoder"), ("unimatch-v2", "encoder")]
)
def test_steps_do_what_their_plain_restatement_does(
    tmp_path: Path, preset: str, dropout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _worst(_config(tmp_path, preset, dropout), monkeypatch) < TOLERANCE


Plant = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Makes a changed function of a right one."""


def _enqueued_first(right: Callable[..., Any]) -> Callable[..., Any]:
    def planted(candidates: Any, bank: ClassBank, settings: Any, generator: torch.Generator) -> Any:
        state = generator.get_state()
        later = copy.deepcopy(bank)
        later.enqueue(*right(candidates, bank, settings, generator)[1])
        return right(candidates, later, settings, generator.set_state(state))

    return planted


def _same_dropout_twice(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda mask, undropped: right(mask, undropped)[: len(mask)].repeat(2, 1)


def _void_is_a_class(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda logits, labels: F.cross_entropy(logits, torch.where(labels == 255, 0, labels))


PLANTS: dict[str, tuple[Any, str, Plant]] = {  # where, which function, how it is changed
    "EMA decay one iteration ahead": (stepping, "ema_decay", lambda f: lambda i, ceiling: f(i + 1, ceiling)),
    "EMA of the weights before the update": (stepping, "update_teacher", lambda f: lambda t, s, d: f(t, t, d)),
    "learning rate one iteration ahead": (stepping, "rate", lambda f: lambda i, **schedule: f(i + 1, **schedule)),
    "no weight decay": (
        building,
        "build_optimizer",
        lambda f: lambda m, **values: f(m, **values | {"weight_decay": 0.0}),
    ),
    "decay of biases": (building, "build_optimizer", lambda f: lambda m, **values: f(m, **values | {"decay_1d": True})),
    "loss weight 1 % larger": (step, "contrast", lambda f: lambda *a: (f(*a)[0] * 1.01, f(*a)[1])),
    "temperature 1 % larger": (
        bank_branch,
        "info_nce",
        lambda f: lambda *a, temperature, **rest: f(*a, temperature=1.01 * temperature, **rest),
    ),
    "bank enqueued before the loss": (step, "contrast", _enqueued_first),
    "every labeled pixel admitted": (
        RULES,
        "clean",
        lambda rule: replace(rule, admit=RULES["labeled"].admit),
    ),
    "the same dropout in both views": (mixing, "complementary_scale", _same_dropout_twice),
    "CutMix of images alone": (consistency_branch, "cutmix", lambda f: lambda x, m: f(x, m) if x.ndim == 4 else x),
    "padding counted": (consistency_branch, "consistency_loss", lambda f: lambda a, b, c, pad: f(a, b, c, pad & False)),
    "void counted": (stepping, "supervised_loss", _void_is_a_class),
}


@pytest.mark.parametrize("change", list(PLANTS))
def test_a_planted_change_of_the_step_is_found(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, plant = PLANTS[change]
    if isinstance(place, dict):
        monkeypatch.setitem(place, name, plant(place[name]))
    else:
        monkeypatch.setattr(place, name, plant(getattr(place, name)))
    assert _worst(_config(tmp_path, "pixcon", "fused"), monkeypatch, steps=2) > 10 * TOLERANCE
