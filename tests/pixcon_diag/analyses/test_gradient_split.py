"""The gradient split of a network's own pixels against its own replayed banks."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from pixcon_diag.analyses import gradient_arrays
from pixcon_diag.analyses.gradient_split import MeasuredGradient, measure_gradient, temperature_of
from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.replay import replay
from pixcon_diag.checkpoints.description import RunRecord
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.gradient import ContaminationGradient
from pixcon_diag.measures.gradient_result import GradientOptions
from pixcon_diag.measures.gradient_sweep import contamination_sweep
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.replayed_banks import ReplayOptions
from pixcon_diag.passes.run import evaluation_dataset
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.seeding import seeded
from pixcon_train.data.transforms import network_input
from pixcon_train.models.build import build_model
from tests.pixcon_diag.passes.small import CLASSES, cpu, images, network
from tests.reference import fill_by_rule

FRACTIONS = (0.0, 0.1, 0.3, 0.5)
BANK = ReplayOptions(tau=0.5, size=12, cap=6, batch_size=3)


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", block=4)


def split(
    data: EvaluationData,
    checkpoint: LoadedCheckpoint | None = None,
    *,
    bank: ReplayOptions = BANK,
    progress: Progress = silent,
    **options: Any,
) -> MeasuredGradient:
    checkpoint = checkpoint or network()
    measured = measure(checkpoint, data, MeasureOptions(per_class=15), cpu())
    replayed = replay(checkpoint, data, bank, cpu())
    chosen = GradientOptions(**{"anchors": 8, "fractions": FRACTIONS, **options})
    return measure_gradient("mine", checkpoint, measured, replayed, chosen, progress)


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> LoadedCheckpoint:
    """A network with a projection head to 6 numbers."""
    model = fill_by_rule(build_model("unimatch_v2", "nano", CLASSES, projection=True, embedding_dim=6))
    torch.save(model.state_dict(), path := tmp_path_factory.mktemp("head") / "best.pth")
    return load(path)


def test_anchors_are_the_first_sampled_pixels_of_each_class_in_the_bank_s_space(
    head: LoadedCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The projection head sees the feature as the network made it, not its direction: its biases are no directions."""
    data = images(tmp_path / "data", [(42, 56)] * 2, block=7)
    given: list[tuple[torch.Tensor, torch.Tensor]] = []
    update = ContaminationGradient.update

    def spy(self: Any, anchors: torch.Tensor, labels: torch.Tensor, entries: Any) -> None:
        given.append((anchors, labels))
        update(self, anchors, labels, entries)

    monkeypatch.setattr(ContaminationGradient, "update", spy)
    found = split(data, head, rules=("labeled",))
    assert found.result.replayed.space == "projection"
    ((anchors, labels),) = given
    assert labels.tolist() == [0] * 8 + [1] * 8 + [2] * 8
    sample = found.member.sample()
    items = {item["name"]: item for item in evaluation_dataset(data)}
    places = [place for k in range(CLASSES) for place in range(15 * k, 15 * k + 8)]
    cells = []
    for place, label in zip(places, labels.tolist(), strict=True):
        name, row, column = sample.pixels[place]
        assert int(items[name]["mask"][row, column]) == label
        with torch.no_grad():
            fused = head.model(network_input(items[name]["image"][None])).fused[0]
        cells.append(fused[:, row * fused.shape[1] // 42, column * fused.shape[2] // 56])
    features = torch.stack(cells)
    with torch.no_grad():
        expected, of_unit = (
            F.normalize(head.model.proj_head(batch[:, :, None, None])[:, :, 0, 0], dim=1)
            for batch in (features, F.normalize(features, dim=1))
        )
    torch.testing.assert_close(anchors, expected, rtol=0, atol=1e-5)
    assert float((of_unit - expected).abs().max()) > 0.05


def test_a_bank_by_ground_truth_has_no_false_gradient_at_all(data: EvaluationData) -> None:
    found = split(data, rules=("confidence", "clean", "labeled"))
    assert (
        list(found.result.by_rule) == ["confidence", "clean", "labeled"]
        and found.result.replayed.space == "output of feature"
    )
    for rule in ("clean", "labeled"):
        for form in (found.result.by_rule[rule].eq3, found.result.by_rule[rule].supcon):
            assert form.overall.anchors == 8 * CLASSES
            assert (form.overall.rho_f, form.overall.norm_false, form.overall.ratio) == (0.0, 0.0, 0.0)
    confident = found.result.by_rule["confidence"].eq3.overall
    assert 0 < confident.rho_f < 1 and confident.ratio > 0
    entries = found.result.replayed.entries("confidence")
    held = np.bincount(entries.labels[entries.held], minlength=CLASSES)
    wrong = np.bincount(entries.labels[entries.held & (entries.truth != entries.labels)], minlength=CLASSES)
    for k, rates in enumerate(found.result.by_rule["confidence"].supcon.classes):
        assert rates.rho_f == pytest.approx(float(wrong[k] / held[k]))


def test_the_sweep_is_one_call_with_all_fractions(data: EvaluationData) -> None:
    """Made step by step for the sake of progress, and nested all the same."""
    found = split(data, seed=3)
    sample, entries = found.member.sample(), found.result.replayed.entries("clean")
    first = np.concatenate([np.arange(15 * k, 15 * k + 8) for k in range(CLASSES)])
    features = torch.from_numpy(sample.features[first] * sample.norms[first][:, None])
    for name, confusion in (("uniform", None), ("confusion", torch.from_numpy(found.result.replayed.confusion))):
        whole = contamination_sweep(
            F.normalize(features, dim=1),
            torch.from_numpy(sample.labels[first]),
            Entries(*map(torch.from_numpy, entries)),
            num_classes=CLASSES,
            generator=seeded(3, 31),
            fractions=FRACTIONS,
            confusion=confusion,
        )
        ours, theirs = (
            [json.loads(to_json(point.to_dict())) for point in points] for points in (found.result.sweep[name], whole)
        )
        assert ours == theirs
        rates = [point.result.supcon.overall.rho_f for point in found.result.sweep[name]]
        assert rates == sorted(rates) and rates[0] == 0 < rates[-1]
        assert [point.fraction for point in found.result.sweep[name]] == list(FRACTIONS)
    assert split(data, seed=4).result.sweep != found.result.sweep


def test_an_empty_bank_gives_no_rate_and_no_sweep(data: EvaluationData) -> None:
    """Of a network that is never sure, and of one that is never right."""
    found = split(data, bank=ReplayOptions(tau=1.0, size=12, cap=6))
    overall = found.result.by_rule["confidence"].eq3.overall
    assert overall.anchors == 0 and math.isnan(overall.rho_f) and math.isnan(overall.ratio)
    assert found.result.by_rule["clean"].eq3.overall.anchors > 0 and len(found.result.sweep) == 2
    wrong = network()
    with torch.no_grad():
        wrong.model.module.classifier.bias.copy_(torch.tensor([0.0, 0.0, 1e4]))
    never = split(only(data, (0, 1)), wrong)
    assert never.result.sweep == {} and math.isnan(never.result.by_rule["clean"].eq3.overall.ratio)


def only(data: EvaluationData, classes: tuple[int, ...]) -> EvaluationData:
    """The same data with every other class void."""
    for path in (data.source.root / "masks").iterdir():
        mask = np.array(Image.open(path))
        Image.fromarray(np.where(np.isin(mask, classes), mask, 255).astype(np.uint8)).save(path)
    return data


def test_the_sweep_belongs_to_the_clean_rule(data: EvaluationData, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a sweep that nobody sees")

    monkeypatch.setattr(gradient_arrays, "contamination_sweep", never)
    found = split(data, rules=("confidence",))
    assert found.result.sweep == {} and list(found.result.by_rule) == ["confidence"]


@pytest.mark.parametrize("rules", [("confidence", "clean"), ("labeled",)])
def test_progress_goes_to_its_end(data: EvaluationData, rules: tuple[str, ...]) -> None:
    steps: list[tuple[int, int]] = []
    split(data, rules=rules, progress=lambda *step: steps.append(step))
    total = 10 if "clean" in rules else 1
    assert steps == [(done, total) for done in range(total + 1)]


def test_the_temperature_is_the_one_given_else_the_run_s_else_the_paper_s() -> None:
    own: Any = SimpleNamespace(run=RunRecord(config={"bank": {"temperature": 0.2}}, data={}, root="", lists={}))
    public: Any = SimpleNamespace(run=None)
    assert (temperature_of(own), temperature_of(own, 0.5), temperature_of(public)) == (0.2, 0.5, 0.1)


def test_another_temperature_gives_another_split(data: EvaluationData) -> None:
    ratios = {t: split(data, temperature=t).result.by_rule["confidence"].eq3.overall.mass for t in (0.05, 0.1, 5.0)}
    assert len(set(ratios.values())) == 3
    share = split(data, temperature=1e4).result.by_rule["confidence"]
    assert share.eq3.overall.mass == pytest.approx(share.supcon.overall.rho_f, rel=1e-3)  # all entries weigh the same


def test_without_a_feature_there_are_no_anchors(data: EvaluationData) -> None:
    with pytest.raises(ConfigError, match=r"wrapped module needs the name|name the feature of a wrapped module"):
        split(data, network(feature=None))


def test_a_second_split_of_a_cached_replay_computes_nothing(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = network()
    measured = measure(checkpoint, data, MeasureOptions(per_class=15), cpu())

    def again(**changes: Any) -> str:
        options = GradientOptions(**{"anchors": 8, "fractions": (0.0, 0.2), **changes})
        replayed = replay(checkpoint, data, BANK, cpu(), cache=tmp_path)
        found = measure_gradient("mine", checkpoint, measured, replayed, options).result
        return repr((found.by_rule, found.sweep))

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a gradient was computed")

    first = again()
    with monkeypatch.context() as patch:
        patch.setattr(ContaminationGradient, "update", never)
        assert again() == first
        with pytest.raises(AssertionError, match="a gradient was computed"):
            again(anchors=7)
    assert again(anchors=7) != first
