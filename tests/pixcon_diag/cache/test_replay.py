"""Banks filled by one pass: kept and gone on with like any other, in the space that training has its embeddings in."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.replay import ReplayedPass, options_of, replay
from pixcon_diag.checkpoints.description import RunRecord
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.embedding import embed
from pixcon_diag.passes.replayed_banks import ReplayOptions
from pixcon_diag.passes.run import evaluation_dataset
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.data.transforms import network_input
from pixcon_train.method.admission import REPLAYED
from pixcon_train.models.build import build_model
from tests.pixcon_diag.passes.small import CLASSES, SIZES, cpu, images, network, seen, with_bank
from tests.reference import fill_by_rule

OPTIONS = ReplayOptions(tau=0.6, size=20, cap=8, batch_size=3)


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", block=4)


def run(
    data: EvaluationData,
    keep: Path | None = None,
    checkpoint: LoadedCheckpoint | None = None,
    *,
    options: ReplayOptions = OPTIONS,
    progress: Progress = silent,
    notify: Notify = no_notes,
    **choice: Any,
) -> ReplayedPass:
    return replay(checkpoint or network(), data, options, cpu(**choice), cache=keep, progress=progress, notify=notify)


def state(replayed: ReplayedPass) -> dict[str, np.ndarray]:
    return dict(replayed.state)


def same(first: ReplayedPass, second: ReplayedPass) -> bool:
    one, two = state(first), state(second)
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


def test_every_rule_s_bank_and_coverage_agree(data: EvaluationData) -> None:
    replayed = run(data)
    assert (replayed.name, replayed.space, replayed.stored) == ("mine", "output of feature", None)
    assert replayed.provenance.options == {"tau": 0.6, "size": 20, "cap": 8, "batch_size": 3, "seed": 0}
    assert replayed.provenance.data.images == replayed.coverage("clean").images == len(SIZES)
    for rule in REPLAYED:
        entries, coverage = replayed.entries(rule), replayed.coverage(rule)
        held = np.bincount(entries.labels[entries.held], minlength=CLASSES)
        assert tuple(held.tolist()) == coverage.classes.fill and coverage.with_entry > 0
        assert np.allclose(np.linalg.norm(entries.embeddings[entries.held], axis=1), 1)
        if rule != "confidence":
            assert bool((entries.truth == entries.labels)[entries.held].all())
    entries = replayed.entries("confidence")
    assert bool((entries.truth != entries.labels)[entries.held].any())
    cells = sum(replayed.coverage("labeled").classes.labeled)
    assert int(replayed.confusion.sum()) == cells
    assert int(replayed.confusion.diagonal().sum()) == sum(replayed.coverage("clean").classes.eligible)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_network_s_batch_size_does_not_matter(data: EvaluationData, size: int) -> None:
    """But for last digits of the embeddings, which a batch of another size may change."""
    first, other = state(run(data)), state(run(data, batch_size=size))
    assert first.keys() == other.keys()
    for name, values in first.items():
        np.testing.assert_allclose(other[name], values, rtol=0, atol=1e-6)


class StoppedError(Exception):
    """Raised in the middle of a pass, as a Ctrl-C is."""


@pytest.mark.parametrize("count", [2, 4])
def test_an_interrupted_replay_goes_on_where_it_stopped(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Within a training batch, whose first images have already drawn their pixels."""
    whole = run(data, tmp_path / "whole")
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.SAVE_EVERY", 0.0)
    first, second = network(), network()

    def stop(done: int, total: int) -> None:
        if seen(first) >= count:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(data, tmp_path / "kept", first, progress=stop)
    told: list[str] = []
    resumed = run(data, tmp_path / "kept", second, notify=told.append)
    assert len(told) == 1 and f"resuming after {count} of {len(SIZES)} images" in told[0]
    assert seen(second) == len(SIZES) - count
    assert same(resumed, whole)
    assert same(run(data, tmp_path / "kept", third := network()), whole) and seen(third) == 0


def test_a_kept_replay_is_found_again_and_is_not_taken_for_a_pass(data: EvaluationData, tmp_path: Path) -> None:
    first = run(data, keep := tmp_path / "kept")
    told: list[str] = []
    assert same(run(data, keep, again := network(), notify=told.append), first) and seen(again) == 0
    assert len(told) == 1 and told[0].startswith(f"mine: reusing the pass cached in {keep}")
    measure(other := network(), data, run=cpu(), cache=keep)
    assert seen(other) == len(SIZES)
    for change in ({"tau": 0.5}, {"size": 21}, {"cap": 7}, {"batch_size": 2}, {"seed": 1}):
        run(data, keep, other := network(), options=replace(OPTIONS, **change))
        assert seen(other) == len(SIZES)


def test_a_replay_kept_by_an_earlier_version_is_made_again(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state is laid out otherwise, with the truth in a bank of its own."""
    monkeypatch.setattr(ReplayOptions, "key", lambda options: {"replay": vars(options)})
    run(data, keep := tmp_path / "kept")
    monkeypatch.undo()
    run(data, keep, again := network())
    assert seen(again) == len(SIZES)


def bank(queue: Tensor, filled: Tensor) -> dict[str, Tensor]:
    return {"queue": queue, "ptr": torch.zeros_like(filled), "filled": filled}


def test_a_stored_bank_is_compared_with_what_the_weights_now_make(data: EvaluationData, tmp_path: Path) -> None:
    """Stored as the replay has it, it is not stale at all; turned round it is as stale as can be."""
    now = run(data).state
    filled = torch.from_numpy(now["clean.bank.filled"]).clone()
    assert int(filled.min()) > 1
    filled[2] = 0
    queue = torch.from_numpy(now["clean.bank.queue"]).clone()
    queue[1] *= -1
    stored = run(data, None, with_bank(network(), bank(queue, filled))).stored
    assert stored is not None
    assert stored.fill == tuple(filled.tolist()) and stored.with_entry == 2 and stored.dim == 8
    assert stored.staleness[:2] == pytest.approx((1.0, -1.0)) and stored.mean_staleness == pytest.approx(0.0)
    assert torch.tensor(stored.staleness[2]).isnan()
    assert stored.known is None
    truth = torch.from_numpy(now["clean.bank.truth"])
    told = bank(queue, filled) | {"truth": truth, "weight": torch.full(truth.shape, 0.5)}
    pure = run(data, None, with_bank(network(), told)).stored
    assert pure is not None and pure.known == stored.fill and pure.overall_contamination == 0.0
    assert pure.mean_weight == 0.5
    with pytest.raises(CheckpointError, match="same run"):
        run(data, None, with_bank(network(), bank(torch.zeros(CLASSES, 20, 9), filled)))


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> LoadedCheckpoint:
    """A network with a projection head to 6 numbers."""
    model = fill_by_rule(build_model("unimatch_v2", "nano", CLASSES, projection=True, embedding_dim=6))
    torch.save(model.state_dict(), path := tmp_path_factory.mktemp("head") / "best.pth")
    return load(path)


def test_embeddings_are_the_projection_head_s_where_there_is_one(head: LoadedCheckpoint, tmp_path: Path) -> None:
    data = images(tmp_path / "data", [(28, 28)] * 2, block=7)
    features = torch.randn(4, head.model.fused_channels, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        projected = head.model.proj_head(features[:, :, None, None])[:, :, 0, 0]
    torch.testing.assert_close(embed(head, features), F.normalize(projected, dim=1))
    replayed = run(data, None, head)
    assert replayed.space == "projection"
    entries = replayed.entries("labeled")
    assert entries.embeddings.shape[1] == 6 and entries.held.any()
    fused = torch.cat(
        [head.model(network_input(item["image"][None])).fused.flatten(2)[0].T for item in evaluation_dataset(data)]
    )
    cosine = torch.from_numpy(entries.embeddings[entries.held]).double() @ embed(head, fused).double().T
    assert float(cosine.max(1).values.min()) > 1 - 1e-6  # each is of a cell of one of the images


def test_without_a_head_they_are_the_feature_s_directions() -> None:
    features = torch.tensor([[3.0, 4.0], [0.0, -2.0]])
    torch.testing.assert_close(embed(network(), features), torch.tensor([[0.6, 0.8], [0.0, -1.0]]))
    assert embed(network(), torch.zeros(0, 5)).shape == (0, 5)


def test_the_options_are_those_given_else_the_run_s_else_the_paper_s() -> None:
    config = {"bank": {"tau": 0.9, "size": 32, "cap": 8}, "schedule": {"batch": 4}}
    own: Any = SimpleNamespace(run=RunRecord(config, {}, "", {}))
    assert options_of(own) == ReplayOptions(0.9, 32, 8, 4)
    assert options_of(own, tau=0.0, size=None, cap=5) == ReplayOptions(0.0, 32, 5, 4)
    public: Any = SimpleNamespace(run=None)
    assert options_of(public) == ReplayOptions(0.95, 256, 64, 16)
    assert options_of(public, batch_size=2) == ReplayOptions(batch_size=2)


def test_a_replay_knows_the_rule_of_the_run(data: EvaluationData) -> None:
    own = RunRecord({"bank": {"rule": "pseudo"}}, {}, "", {})
    assert run(data).trained is None
    assert run(data, None, replace(network(), run=own)).trained == "pseudo"


def test_sliding_windows_have_no_bank(head: LoadedCheckpoint, tmp_path: Path) -> None:
    data = images(tmp_path / "data", [(28, 42)], block=7)
    with pytest.raises(ConfigError, match=r"cannot be replayed.*--window 0"):
        run(data, None, head, window=28)
