"""A network's predictions as files, which give back its counts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixcon_diag.cache.count_cells import count_cells
from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.confidence_codes import read_confidence
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.passes.export_maps import FORMATS, Format, export_maps
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_diag.passes.saved_maps import checkpoint_of_maps, maps_of
from pixcon_train.core.errors import ConfigError, DataError, PixConError
from pixcon_train.data.lists import Pair
from tests.pixcon_diag.passes.small import CLASSES, SIZES, cpu, images, listed, network, seen

OPTIONS = MeasureOptions(taus=(0.5, 0.95))
ROUNDED = ("contamination.confidence_sum", "cells.sums")
"""Sums of confidences, which codes of 16 bits round down."""


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data")


@pytest.fixture
def measured(data: EvaluationData, tmp_path: Path) -> MeasuredPass:
    return measure(network(), data, OPTIONS, cpu(), cache=tmp_path / "kept")


def saved(folder: Path, data: EvaluationData) -> LoadedCheckpoint:
    return checkpoint_of_maps("saved", maps_of(folder, data), data, OPTIONS.edges)


def unequal(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> list[str]:
    """Statistics without features that differ."""
    names = [name for name in first if not name.startswith(("centroids", "sampler"))]
    return [name for name in names if not np.array_equal(first[name], second[name])]


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_gives_the_counts_of_the_network(
    measured: MeasuredPass, data: EvaluationData, tmp_path: Path, form: Format
) -> None:
    steps: list[tuple[int, int]] = []
    done = export_maps(network(), data, tmp_path / "maps", form, cpu(), progress=lambda *step: steps.append(step))
    assert (done.images, len(done.files)) == (len(SIZES), len(SIZES) * (2 if form == "png" else 1))
    assert done.bytes == sum(file.stat().st_size for file in done.files) and steps[-1] == (len(SIZES), len(SIZES))
    again = measure(saved(tmp_path / "maps", data), data, OPTIONS, cache=tmp_path / "cache")
    assert unequal(measured.state, again.state) == (sorted(ROUNDED, reverse=True) if form == "png" else [])
    assert again.iou == measured.iou and again.contamination().at(0.95) == measured.contamination().at(0.95)
    for index in range(len(SIZES)):
        assert (again.label_maps.read(index) == measured.label_maps.read(index)).all()
        assert (again.confidence_maps.read(index) == measured.confidence_maps.read(index)).all()


def test_codes_round_a_confidence_down_by_less_than_one_code(measured: MeasuredPass, tmp_path: Path) -> None:
    export_maps(network(), measured.data, tmp_path / "maps", "png", cpu())
    again = measure(saved(tmp_path / "maps", measured.data), measured.data, OPTIONS, cache=tmp_path / "cache")
    pixels = measured.state["contamination.by_truth"].sum((0, 1))
    lost = (measured.state["contamination.confidence_sum"] - again.state["contamination.confidence_sum"]) / 2**24
    assert (lost >= 0).all() and (lost <= pixels / 60_000).all()
    errors = [each.contamination().calibration.ece for each in (measured, again)]
    assert errors[0] == pytest.approx(errors[1], abs=1 / 60_000)


def test_windows_average_probabilities_which_are_kept(data: EvaluationData, tmp_path: Path) -> None:
    run = cpu(window=16, batch_size=1)
    expected = measure(network(), data, OPTIONS, run, cache=tmp_path / "kept")
    export_maps(network(), data, tmp_path / "maps", "npz", run)
    again = measure(saved(tmp_path / "maps", data), data, OPTIONS, cache=tmp_path / "cache")
    assert unequal(expected.state, again.state) == []
    with pytest.raises(ConfigError, match=r"Sliding windows average probabilities.*--as npz.*--window 0"):
        export_maps(network(), data, tmp_path / "logits", "logits-pt", run)
    assert not (tmp_path / "logits").exists()


def test_masks_are_not_needed(data: EvaluationData, tmp_path: Path) -> None:
    for pair in data.pairs:
        (data.source.root / str(pair.mask)).unlink()
    unlabeled = replace(data, pairs=tuple(Pair(pair.image, None) for pair in data.pairs))
    expected = count_cells(network(), unlabeled, OPTIONS.taus, cpu(), cache=tmp_path / "kept")
    for form in FORMATS:
        export_maps(network(), data, tmp_path / form, form, cpu())
        again = count_cells(saved(tmp_path / form, unlabeled), unlabeled, OPTIONS.taus, cache=tmp_path / "cache")
        assert unequal(expected.state, again.state) == (["cells.sums"] if form == "png" else [])


def test_maps_are_read_once_and_known_by_their_content(measured: MeasuredPass, tmp_path: Path) -> None:
    folder, cache, data = tmp_path / "maps", tmp_path / "cache", measured.data
    export_maps(network(), data, folder, "npz", cpu())
    first = measure(saved(folder, data), data, OPTIONS, cache=cache)
    notes: list[str] = []
    measure(saved(folder, data), data, OPTIONS, cache=cache, notify=notes.append)
    assert len(notes) == 1 and "reusing the pass" in notes[0]
    with np.load(folder / "images/1.npz") as archive:
        (name,), (values,) = archive.files, archive.values()
    np.savez(folder / "images/1.npz", **{name: values[[1, 0, 2]]})
    second = measure(saved(folder, data), data, OPTIONS, cache=cache)
    assert first.provenance.checkpoint.sha256 != second.provenance.checkpoint.sha256 and first.iou != second.iou


def test_the_provenance_says_what_was_read(measured: MeasuredPass, tmp_path: Path) -> None:
    export_maps(network(), measured.data, tmp_path / "maps", "logits-pt", cpu())
    again = measure(saved(tmp_path / "maps", measured.data), measured.data, cache=tmp_path / "cache")
    checkpoint, inference = again.provenance.checkpoint, again.provenance.inference
    assert (checkpoint.layout, checkpoint.source) == ("saved logits (float32, .pt)", str(tmp_path / "maps"))
    assert (inference.protocol, inference.window, inference.device) == ("unknown", None, "cpu")
    assert again.labeled is None and again.provenance.load_check is None
    assert again.without_feature == len(SIZES)
    with pytest.raises(ConfigError, match="saved maps have none"):
        again.geometry()
    with pytest.raises(ConfigError, match="without a network and its features"):
        _ = saved(tmp_path / "maps", measured.data).model


def test_a_pass_stopped_in_between_is_resumed(
    measured: MeasuredPass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.SAVE_EVERY", 0.0)
    export_maps(network(), measured.data, tmp_path / "maps", "png", cpu())
    maps = saved(tmp_path / "maps", measured.data)
    reads = []

    def stop(done: int, total: int) -> None:
        reads.append((done, total))
        if done == 3 and len(reads) > len(SIZES) + 3:  # after the check of the labels
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(maps, measured.data, OPTIONS, cache=tmp_path / "cache", progress=stop)
    notes: list[str] = []
    again = measure(maps, measured.data, OPTIONS, cache=tmp_path / "cache", notify=notes.append)
    assert "resuming after" in notes[0] and set(unequal(measured.state, again.state)) == set(ROUNDED)


def test_labels_one_too_high_are_refused_before_anything_is_counted(data: EvaluationData, tmp_path: Path) -> None:
    """They are all classes of the data set: the last one is not predicted."""
    export_maps(network(), data, tmp_path / "maps", "png", cpu())
    for index in range(len(SIZES)):
        truth = read_target(data, index).astype(int)
        shifted = np.where(truth >= CLASSES - 1, 0, truth) + 1
        (tmp_path / f"maps/images/{index}.png").write_bytes(encode_map(shifted.astype(np.uint8), None))
    for _ in range(2):
        with pytest.raises(DataError, match=r"look one too high.*convert-masks .* OUT --shift -1"):
            measure(saved(tmp_path / "maps", data), data, OPTIONS, cache=tmp_path / "cache")
    assert [*(tmp_path / "cache").glob("*/manifest.json")] == []


def test_an_exported_confidence_is_that_of_the_network(data: EvaluationData, tmp_path: Path) -> None:
    """Recomputed from the exported logits, which hold every digit."""
    export_maps(network(), data, tmp_path / "maps", "png", cpu())
    export_maps(network(), data, tmp_path / "logits", "logits-pt", cpu())
    logits = torch.load(tmp_path / "logits/images/2.pt", weights_only=True)
    assert logits.shape == (CLASSES, *SIZES[2])
    expected = torch.exp(logits.double() - logits.double().logsumexp(0)).max(0).values
    found = torch.from_numpy(read_confidence(tmp_path / "maps/images/2.confidence.png")).double()
    assert (found <= expected + 1e-7).all() and (expected - found).max() < 1 / 59_000


def test_the_network_runs_once_and_nothing_is_replaced(data: EvaluationData, tmp_path: Path) -> None:
    checkpoint = network()
    export_maps(checkpoint, data, tmp_path / "maps", "npz", cpu())
    assert seen(checkpoint) == len(SIZES)
    with pytest.raises(ConfigError, match=r"images/0.npz exists already. Choose another folder"):
        export_maps(checkpoint, data, tmp_path / "maps", "npz", cpu())
    assert seen(checkpoint) == len(SIZES)


def test_paths_that_lead_out_of_the_folder_become_names(data: EvaluationData, tmp_path: Path) -> None:
    root = data.source.root
    away = listed(root, [Pair("../data/images/0.png", None), Pair(str(root / "images/1.png"), None)])
    written = export_maps(network(), away, tmp_path / "maps" / "in", "npz", cpu()).files
    assert written[0] == tmp_path / "maps/in/0.npz"
    assert written[1] == tmp_path / "maps/in" / (root / "images/1.npz").relative_to(root.anchor)
    assert maps_of(tmp_path / "maps/in", away).files == tuple(written)
    both = listed(root, [Pair("images/0.png", None), Pair("images/0.jpg", None)])
    with pytest.raises(DataError, match=r"would be the prediction of both"):
        export_maps(network(), both, tmp_path / "other", "npz", cpu())


def test_a_folder_that_cannot_be_written_is_one_message(data: EvaluationData, tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("a file")
    with pytest.raises(PixConError, match="Could not write"):
        export_maps(network(), data, tmp_path / "maps", "png", cpu())
