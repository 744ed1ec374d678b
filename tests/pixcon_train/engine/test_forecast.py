"""The forecast of admission rules against a step that is really made."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import default_collate

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.datasets import LabeledDataset
from pixcon_train.engine.components import RunComponents, build_components
from pixcon_train.engine.distributed import open_accelerator
from pixcon_train.engine.forecast import forecast
from pixcon_train.engine.fork import start_from
from pixcon_train.engine.stepper import Stepper
from pixcon_train.engine.trainer import train
from pixcon_train.engine.training_data import TrainingData, geometry, open_training_data
from pixcon_train.runs.file_names import LATEST
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def parent(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parent")
    train(tiny_config(spec, bank__rule="clean"), folder)
    return folder / LATEST


@pytest.mark.parametrize("rule", ["clean", "pseudo"])
def test_the_forecast_is_the_change_that_a_small_step_makes(spec: Path, parent: Path, rule: str) -> None:
    """Of the last batch: the weights move by a thousandth of the step, for the plain gradient and for AdamW's."""
    config = tiny_config(spec, fork__checkpoint=str(parent), schedule__epochs=4, bank__tau=0.3, bank__rule=rule)
    found = forecast(config, [rule], batches=1)[0]
    parts = build_components(config, open_accelerator(config.runtime))
    at = start_from(parent, config, parts)
    network = copy.deepcopy(parts.student).double().eval()  # before steps change the statistics of batch norm
    parts.sampler.seek(at.epoch, 0)
    stepper, bank = Stepper(config, parts), parts.bank
    assert bank is not None
    for step, pair in enumerate(parts.loader):
        fill = float(bank.held().float().mean())
        result = stepper.losses(*pair, (at.iteration + step, 0))
        stepper.enqueue([result.admitted])
    assert found.fill == fill > 0
    result.loss_pix.backward()
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    rates = stepper.learning_rates(at.iteration)
    (alone,) = found.batches
    for expected, adam in ((alone.change, False), (alone.adam_change, True)):
        losses = []
        for size in (-1e-6, 1e-6):
            for name, weight in parts.student.named_parameters():
                if weight.grad is None or name.startswith("proj_head."):
                    continue
                rate = rates["encoder" if name.startswith("backbone.") else "decoder"]
                moved = config.bank.weight * weight.grad.double()
                if adam:
                    moments = parts.optimizer.state[weight]
                    second = 0.999 * moments["exp_avg_sq"].double() + 0.001 * moved**2
                    moved = moved / ((second / (1 - 0.999 ** (float(moments["step"]) + 1))).sqrt() + 1e-8)
                network.get_parameter(name).data = before[name] - size * rate * moved
            losses.append(held_out_loss(network, parts, config))
        assert (losses[1] - losses[0]) / 2e-6 == pytest.approx(expected, rel=0.01, abs=1e-7)


def held_out_loss(network: torch.nn.Module, parts: RunComponents, config: TrainConfig) -> float:
    """Mean over the validation images of the loss of a crop, in float64."""
    data = parts.data
    crops = LabeledDataset(
        data.spec, data.root, data.val.pairs, geometry(config.data, data.spec),
        encoding=data.val.encoding, length=len(data.val), seed=config.seed,
    )  # fmt: skip
    batch = default_collate([crops[index] for index in range(len(crops))])
    assert len(crops) == 3 and parts.layout.micro == 2  # the mean of two pixels' means, of two images and of one
    with torch.no_grad():
        logits = network(batch["image"].double()).logits
    void = batch["mask"] == 255
    nll = torch.nn.functional.cross_entropy(logits, batch["mask"], ignore_index=255, reduction="none")
    sums = [(nll[part].sum() / (~void[part]).sum()).item() for part in (slice(0, 2), slice(2, 3))]
    return (2 * sums[0] + sums[1]) / 3


def test_all_rules_are_of_the_same_weights_and_batches(spec: Path, parent: Path) -> None:
    config = tiny_config(spec, fork__checkpoint=str(parent), schedule__epochs=4, bank__tau=0.0)
    steps = list[tuple[int, int]]()
    clean, labeled, again = forecast(
        config, ["clean", "labeled", "clean"], batches=2, progress=lambda *at: steps.append(at)
    )
    assert clean == again != labeled
    assert all(-1 <= batch.cosine <= 1 for batch in (*clean.batches, *labeled.batches))
    assert steps == [(step, 12) for step in range(1, 13)]


def test_data_are_opened_once_for_the_rules_that_read_the_same(
    spec: Path, parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pseudo` also reads the masks of unlabeled images."""
    opened: list[str] = []

    def opening(config: TrainConfig) -> TrainingData:
        opened.append(config.bank.rule)
        return open_training_data(config)

    monkeypatch.setattr("pixcon_train.engine.forecast.open_training_data", opening)
    config = tiny_config(spec, fork__checkpoint=str(parent), schedule__epochs=4, bank__tau=0.3)
    rules = ["clean", "pseudo", "labeled"]
    together = forecast(config, rules, batches=1)
    assert opened == ["clean", "pseudo"]
    assert together == tuple(forecast(config, [rule], batches=1)[0] for rule in rules)


@pytest.mark.parametrize(
    ("rules", "change", "message"),
    [
        (["none"], {}, "'none' has no bank"),
        (["clean"], {"fork__checkpoint": None}, "name it as fork.checkpoint"),
        (["clean"], {"schedule__micro_batch": 1, "consistency__cutmix": 0.0}, "found 2 steps of 2 micro-batches"),
        (["clean"], {"batches": 4}, "1 to 3 of an epoch's 4 steps"),
    ],
)
def test_what_cannot_be_forecast_is_named(
    spec: Path, parent: Path, rules: list[str], change: dict[str, Any], message: str
) -> None:
    batches = change.pop("batches", 2)
    config = tiny_config(spec, **({"fork__checkpoint": str(parent), "schedule__epochs": 4} | change))
    with pytest.raises(ConfigError, match=message):
        forecast(config, rules, batches=batches)
