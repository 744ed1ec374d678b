"""One pass, kept: what is reused, resumed or run again, and that the numbers are always the same."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.data import data_check
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.passes.options import MeasureOptions, RunChoice
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_train.core.errors import ConfigError, DataError, PixConError
from pixcon_train.core.files import to_json
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.models.build import build_model
from tests.checkpoints import overwritten, replaced
from tests.pixcon_diag.passes.small import CLASSES, SIZES, Network, cpu, images, network, seen
from tests.pixcon_train.data.files import THREE

IMAGES = len(SIZES)


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data")


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def run(
    data: EvaluationData,
    keep: Path | None,
    checkpoint: LoadedCheckpoint | None = None,
    *,
    options: MeasureOptions | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
    **choice: Any,
) -> MeasuredPass:
    return measure(checkpoint or network(), data, options, cpu(**choice), cache=keep, progress=progress, notify=notify)


def numbers(measured: MeasuredPass) -> dict[str, Any]:
    """All there is, exact to the last bit."""
    sample = measured.sample()
    return {
        "contamination": to_json(measured.contamination().to_dict()),
        "geometry": to_json(measured.geometry(1).to_dict()),
        "statistics": measured.statistics.tolist(),
        "histogram": measured.counts.histogram.tolist(),
        "cells": (measured.cells.counts.toarray().tolist(), measured.cells.confidence.tolist()),
        "sample": (sample.pixels, sample.features.tolist(), sample.norms.tolist()),
        "maps": [(file.name, file.read_bytes()) for file in measured.maps.files] if measured.maps else None,
        "confidence": [file.read_bytes() for file in measured.confidence.files] if measured.confidence else None,
    }


def test_confidence_maps_give_the_counts_of_the_pass_at_every_threshold(data: EvaluationData, keep: Path) -> None:
    measured = run(data, keep, options=MeasureOptions(taus=(0.4711,)))
    maps, edges = measured.confidence_maps, measured.counts.edges
    assert maps.edges == edges and 0.4711 in edges
    for index in range(IMAGES):
        bins, target = maps.read(index), read_target(data, index)
        valid, wrong = target != 255, measured.label_maps.read(index) != target
        for edge, tau in enumerate(edges):
            kept = valid & (bins >= edge)
            expected = measured.counts.retained(tau)[index]
            assert [valid.sum(), kept.sum(), (kept & wrong).sum()] == expected.tolist()


def test_maps_that_were_not_cached_are_asked_for_by_name(data: EvaluationData) -> None:
    with pytest.raises(ConfigError, match=r"confidence maps were not cached\. Give measure"):
        _ = run(data, None).confidence_maps


class Brightness(nn.Module):
    """Bright pixels are class 1, the more certain the brighter; the green channel decides alone."""

    def forward(self, images: Tensor) -> Tensor:
        green = images[:, 1:2] * 2
        return torch.cat([-green, green], 1)


def test_a_wrapped_network_s_rates_are_those_of_the_definition(tmp_path: Path) -> None:
    """Computed again from the files, with a void value of the data set's own."""
    random = np.random.default_rng(3)
    for index in range(3):
        Image.fromarray(random.integers(0, 256, (14, 28, 3), dtype=np.uint8)).save(tmp_path / f"{index}.png")
        mask = random.choice(np.array([0, 1, 7], dtype=np.uint8), (14, 28))
        Image.fromarray(mask).save(tmp_path / f"{index}_mask.png")
    (tmp_path / "val.txt").write_text("".join(f"{index}.png {index}_mask.png\n" for index in range(3)))
    (tmp_path / "two.yaml").write_text("classes: [dark, bright]\nvoid: 7\n")
    data = choose_data(DataChoice(dataset=str(tmp_path / "two.yaml"), root=tmp_path))
    measured = run(data, None, wrap_module(Brightness(), 2, name="mine"), options=MeasureOptions(taus=(0.9,)))
    retained = correct = pixels = 0
    for pair in data.pairs:
        image = np.asarray(Image.open(data.source.root / pair.image), dtype=np.float64) / 255
        mask = np.asarray(Image.open(data.source.root / str(pair.mask)))
        green = (image[..., 1] - 0.456) / 0.224 * 2
        confidence, prediction = 1 / (1 + np.exp(-2 * np.abs(green))), green > 0
        valid = mask != 7
        kept = valid & (confidence >= 0.9)
        pixels, retained = pixels + valid.sum(), retained + kept.sum()
        correct += (kept & (prediction == mask)).sum()
    overall = measured.contamination().at(0.9).overall
    assert (overall.pixels, overall.retained, overall.correct) == (pixels, retained, correct)
    provenance = measured.provenance
    assert (measured.name, provenance.checkpoint.layout) == ("mine", "wrapped Brightness")
    assert (provenance.inference.protocol, provenance.inference.batch_size) == ("pixcon", 2)
    assert (provenance.data.dataset, provenance.data.classes) == ("two", ("dark", "bright"))
    assert provenance.options["taus"] == (0.9,)


def test_a_class_count_that_does_not_fit_is_refused(data: EvaluationData, keep: Path) -> None:
    with pytest.raises(ConfigError, match="mine predicts 4 classes but three has 3"):
        run(data, keep, wrap_module(Network(), 4, name="mine"))


def test_data_that_are_wrong_are_refused_before_the_network_runs(data: EvaluationData, keep: Path) -> None:
    Image.fromarray(np.full(SIZES[-1], 9, dtype=np.uint8)).save(data.source.root / str(data.pairs[-1].mask))
    for place in (keep, None):
        checkpoint = network()
        with pytest.raises(DataError, match=r"masks/4.png holds the value 9"):
            run(data, place, checkpoint)
        assert seen(checkpoint) == 0


def test_a_second_call_runs_no_network_and_says_so(data: EvaluationData, keep: Path) -> None:
    told: list[str] = []
    first, again = network(), network()
    before = run(data, keep, first, notify=told.append)
    assert seen(first) == IMAGES and told == []
    after = run(data, keep, again, notify=told.append)
    assert seen(again) == 0 and numbers(after) == numbers(before)
    assert len(told) == 1 and told[0].startswith(f"mine: reusing the pass cached in {keep}")


@pytest.mark.parametrize("device", [None, "auto"])
def test_a_pass_made_on_any_device_is_reused_where_none_is_asked_for(
    data: EvaluationData, keep: Path, monkeypatch: pytest.MonkeyPatch, device: str | None
) -> None:
    before = run(data, keep)
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.choose_device", lambda name: torch.device("meta"))
    told: list[str] = []
    after = run(data, keep, checkpoint := network(), device=device, notify=told.append)
    assert seen(checkpoint) == 0 and numbers(after) == numbers(before)
    assert after.provenance.inference.device == "cpu" and "(made on cpu)" in told[0]


def test_a_damaged_pass_is_told_of_once_where_no_device_is_asked_for(data: EvaluationData, keep: Path) -> None:
    run(data, keep)
    (folder,) = (path for path in keep.iterdir() if path.is_dir())
    spoil_state(folder)
    told: list[str] = []
    run(data, keep, checkpoint := network(), device=None, notify=told.append)
    assert seen(checkpoint) == IMAGES and len(told) == 1 and "is damaged" in told[0]


def test_keeping_changes_no_number(data: EvaluationData, keep: Path) -> None:
    loose = run(data, None)
    assert loose.maps is None
    assert numbers(run(data, keep)) | {"maps": None, "confidence": None} == numbers(loose)


def test_other_thresholds_and_questions_need_no_other_pass(data: EvaluationData, keep: Path) -> None:
    run(data, keep)
    again = network()
    measured = run(data, keep, again, options=MeasureOptions(taus=(0.7, 0.5)))
    assert seen(again) == 0
    assert [at.tau for at in measured.contamination().thresholds] == [0.7, 0.5]
    assert measured.provenance.options["taus"] == (0.7, 0.5)


def test_another_key_makes_another_pass_and_forgets_no_other(data: EvaluationData, keep: Path) -> None:
    run(data, keep)
    path = data.source.root / data.pairs[1].image
    os.utime(path, ns=(0, 0))
    for change in ({}, {"options": MeasureOptions(widths=(2,))}, {"protocol": "unimatch-v2"}, {"batch_size": 1}):
        checkpoint = network()
        run(data, keep, checkpoint, **change)
        assert seen(checkpoint) == IMAGES
    assert len([each for each in keep.iterdir() if each.is_dir()]) == 5


def test_a_pass_is_of_one_batch_size(data: EvaluationData, keep: Path) -> None:
    """Last digits depend on it: a pass begun with one is not gone on with by another, which would be said of all."""
    first = run(data, keep, batch_size=1)
    run(data, keep, again := network(), batch_size=2)
    assert seen(again) == IMAGES
    assert run(data, keep, batch_size=1).provenance.inference.batch_size == first.provenance.inference.batch_size == 1


class StoppedError(Exception):
    """Raised in the middle of a pass, as a Ctrl-C is."""


def stop_after(checkpoint: LoadedCheckpoint, count: int) -> Progress:
    """Stops when the network has seen so many images."""

    def progress(done: int, total: int) -> None:
        assert 0 <= done <= total == IMAGES
        if seen(checkpoint) >= count:
            raise StoppedError

    return progress


@pytest.mark.parametrize("count", [2, 3, 4])
def test_an_interrupted_pass_goes_on_where_it_stopped(
    data: EvaluationData, keep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """The numbers, the maps and the sample are those of a pass that nothing interrupted."""
    whole = numbers(run(data, tmp_path / "whole"))
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.SAVE_EVERY", 0.0)
    first, second = network(), network()
    with pytest.raises(StoppedError):
        run(data, keep, first, progress=stop_after(first, count))
    told: list[str] = []
    steps: list[tuple[int, int]] = []
    measured = run(data, keep, second, progress=lambda *step: steps.append(step), notify=told.append)
    done = 2 if count == 2 else 4
    assert (seen(first), seen(second)) == (done, IMAGES - done)
    assert len(told) == 1 and f"mine: resuming after {done} of {IMAGES} images" in told[0]
    assert steps[0] == (done, IMAGES) and steps[-1] == (IMAGES, IMAGES)
    assert numbers(measured) == whole
    assert numbers(run(data, keep)) == whole  # and so it is kept


@pytest.mark.parametrize(("size", "before", "after"), [(1, 4, 5), (3, 1, 2), (9, 0, 1)])
def test_rows_in_several_files_are_those_of_one(
    data: EvaluationData,
    keep: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    before: int,
    after: int,
) -> None:
    """Also where the pass is interrupted with some rows in files and some in the state."""
    whole = numbers(run(data, tmp_path / "whole", batch_size=1))
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.ROWS_PER_FILE", size)
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.SAVE_EVERY", 0.0)
    first = network()
    with pytest.raises(StoppedError):
        run(data, keep, first, progress=stop_after(first, 4), batch_size=1)
    (folder,) = (path for path in keep.iterdir() if path.is_dir())
    assert len([*folder.glob("rows-*.npz")]) == before
    told: list[str] = []
    assert numbers(run(data, keep, notify=told.append, batch_size=1)) == whole and "resuming after 4" in told[0]
    assert len([*folder.glob("rows-*.npz")]) == after, "none is empty"
    assert numbers(run(data, keep, batch_size=1)) == whole


def test_a_pass_removed_while_it_is_read_is_one_message(data: EvaluationData, keep: Path) -> None:
    measured = run(data, keep)
    (file,) = keep.glob("*/rows-*.npz")
    file.unlink()
    with pytest.raises(PixConError, match=r"rows-00000.npz cannot be read.*Run the command again"):
        _ = measured.counts


def test_a_pass_can_be_interrupted_again_and_again(
    data: EvaluationData, keep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.SAVE_EVERY", 0.0)
    checkpoint = network()
    for count in (1, 2, 3, 4):
        with pytest.raises(StoppedError):
            run(data, keep, checkpoint, progress=stop_after(checkpoint, count), batch_size=1)
    measured = run(data, keep, checkpoint, batch_size=1)
    assert seen(checkpoint) == IMAGES
    assert numbers(measured) == numbers(run(data, tmp_path / "whole", batch_size=1))


def test_an_interruption_within_a_batch_loses_that_batch_only(
    data: EvaluationData, keep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the consumers had the batch: nothing of it may be kept."""
    monkeypatch.setattr("pixcon_diag.cache.resumable_run.SAVE_EVERY", 0.0)

    def stop(*_: Any) -> None:
        raise StoppedError

    first, second = network(), network()
    with monkeypatch.context() as patch, pytest.raises(StoppedError):

        def progress(done: int, total: int) -> None:
            if seen(first) == 2:
                patch.setattr("pixcon_diag.data.label_maps.MapWriter.write", stop)

        run(data, keep, first, progress=progress)
    measured = run(data, keep, second)
    assert seen(second) == IMAGES - 2
    assert numbers(measured) == numbers(run(data, tmp_path / "whole"))


def test_an_interruption_before_the_first_save_starts_anew(data: EvaluationData, keep: Path) -> None:
    first, second = network(), network()
    with pytest.raises(StoppedError):
        run(data, keep, first, progress=stop_after(first, 4))
    told: list[str] = []
    measured = run(data, keep, second, notify=told.append)
    assert seen(second) == IMAGES and told == []
    assert len(measured.label_maps) == IMAGES


def spoil_state(folder: Path) -> None:
    (state,) = folder.glob("state-*.npz")
    state.write_bytes(state.read_bytes()[:-1])


def spoil_rows(folder: Path) -> None:
    (folder / "rows-00000.npz").write_bytes(b"PK")


def spoil_map(folder: Path) -> None:
    min((folder / "predictions").iterdir()).unlink()


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


@pytest.mark.parametrize("spoil", [spoil_state, spoil_rows, spoil_map, spoil_manifest])
def test_a_damaged_store_is_told_of_and_made_again(
    data: EvaluationData, keep: Path, spoil: Callable[[Path], None]
) -> None:
    before = numbers(run(data, keep))
    (folder,) = (each for each in keep.iterdir() if each.is_dir())
    spoil(folder)
    told: list[str] = []
    checkpoint = network()
    assert numbers(run(data, keep, checkpoint, notify=told.append)) == before
    assert seen(checkpoint) == IMAGES and len(told) == 1 and "is damaged" in told[0]
    run(data, keep, again := network())
    assert seen(again) == 0


class Slow(Network):
    """Waits in each forward pass until it is let go, as it is at first."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()
        self.go.set()

    def forward(self, images: Tensor) -> Tensor:
        self.begun.set()
        assert self.go.wait(200)
        return super().forward(images)


def test_two_that_want_one_pass_make_it_once(data: EvaluationData, keep: Path) -> None:
    first, second = Slow(), Slow()
    checkpoints = [
        wrap_module(module, CLASSES, name=name, feature="feature", multiple=2)
        for name, module in (("first", first), ("second", second))
    ]
    first.images = second.images = 0  # those of a look at the network
    first.begun.clear()
    first.go.clear()
    found: dict[str, MeasuredPass] = {}
    told: list[str] = []
    waiting = threading.Event()

    def notify(sentence: str) -> None:
        told.append(sentence)
        waiting.set()

    def work(checkpoint: LoadedCheckpoint) -> None:
        found[checkpoint.name] = run(data, keep, checkpoint, notify=notify)

    threads = [threading.Thread(target=work, args=[checkpoint]) for checkpoint in checkpoints]
    threads[0].start()
    assert first.begun.wait(200)
    threads[1].start()
    assert waiting.wait(200)
    first.go.set()
    for thread in threads:
        thread.join(200)
    assert (first.images, second.images) == (IMAGES, 0)
    assert numbers(found["first"]) == numbers(found["second"])
    assert "is making this pass" in told[0] and "second: reusing the pass cached" in told[1]


def test_a_wrapped_module_s_pass_is_kept_only_where_a_folder_is_given(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXCON_CACHE", str(tmp_path / "cache"))
    measured = run(data, None)
    with pytest.raises(ConfigError, match="mine's label maps were not cached"):
        _ = measured.label_maps
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data"]


def test_a_file_s_pass_is_kept_beside_it(data: EvaluationData, tmp_path: Path) -> None:
    model = build_model("unimatch_v2", "nano", CLASSES, projection=False)
    (tmp_path / "weights").mkdir()
    torch.save(model.state_dict(), path := tmp_path / "weights/best.pth")
    told: list[str] = []
    first, again = (
        measure(load(path), data, run=RunChoice(device="cpu", workers=0), notify=told.append) for _ in range(2)
    )
    assert len(told) == 1 and str(tmp_path / "weights/diag") in told[0]
    assert numbers(first) == numbers(again)
    (manifest,) = (tmp_path / "weights/diag").glob("*/manifest.json")
    key = json.loads(manifest.read_text())["key"]
    assert (key["checkpoint"], key["weights"]) == (load(path).info.sha256, "unnamed")
    assert (key["data"]["images"], key["data"]["dataset"]) == (IMAGES, THREE.name)


def change_key(folder: Path, **changes: Any) -> None:
    """Change the key in the manifest of the only pass, and the name of its folder."""
    (manifest,) = folder.glob("*/manifest.json")
    content = json.loads(manifest.read_text())
    content["key"] |= changes
    manifest.write_text(json.dumps(content))
    manifest.parent.rename(folder / "old")


@pytest.mark.parametrize(
    ("changes", "named"), [({"format": 1}, 1), ({"version": "0"}, 1), ({"format": 1, "checkpoint": "f0"}, 0)]
)
def test_passes_of_another_version_are_named_once(
    data: EvaluationData, tmp_path: Path, changes: dict[str, Any], named: int
) -> None:
    run(data, tmp_path / "kept")
    change_key(tmp_path / "kept", **changes)
    (tmp_path / "kept/damaged").mkdir()
    (tmp_path / "kept/damaged/manifest.json").write_text("[")
    told: list[str] = []
    run(data, tmp_path / "kept", notify=told.append)
    run(data, tmp_path / "kept", options=MeasureOptions(taus=(0.123,)), notify=told.append)
    assert len(told) == named
    assert all(f"the passes of another version in {tmp_path / 'kept'} are not reused" in sentence for sentence in told)


def cut(path: Path, data: bytes) -> None:
    os.truncate(path, 100)


@pytest.mark.parametrize("change", [overwritten, replaced, cut])
def test_a_file_that_changes_while_it_is_measured(
    data: EvaluationData, tmp_path: Path, change: Callable[[Path, bytes], None]
) -> None:
    """The numbers are the old weights' and are kept under their hash; the new ones are another pass."""
    model = build_model("unimatch_v2", "nano", CLASSES, projection=False)
    path, files = tmp_path / "best.pth", []
    for sign in (1, -1):
        torch.save({key: sign * value for key, value in model.state_dict().items()}, path)
        files.append(path.read_bytes())
    old, new = files
    assert len(new) == len(old)
    path.write_bytes(old)
    expected = run(data, tmp_path / "undisturbed", load(path))
    loaded = load(path)

    def disturb(done: int, total: int) -> None:
        if done == 0:
            change(path, new)

    found = run(data, tmp_path / "kept", loaded, progress=disturb)
    assert numbers(found) == numbers(expected)
    told: list[str] = []
    path.write_bytes(new)
    other = run(data, tmp_path / "kept", load(path), notify=told.append)
    assert not told and to_json(other.contamination().to_dict()) != to_json(expected.contamination().to_dict())
    path.write_bytes(old)
    assert numbers(run(data, tmp_path / "kept", load(path), notify=told.append)) == numbers(expected)
    assert "reusing the pass cached" in told[0]


def test_a_folder_that_cannot_be_written_is_one_message(data: EvaluationData, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PixConError, match=r"Could not write .*file"):
        run(data, tmp_path / "file")


def test_several_checkpoints_on_one_list_look_at_the_data_once(
    data: EvaluationData, keep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    check = data_check.check_data

    def counting(*arguments: Any, **options: Any) -> Any:
        looked.append(1)
        return check(*arguments, **options)

    monkeypatch.setattr(data_check, "check_data", counting)
    run(data, keep, network("one"))
    run(data, keep, network("two"), protocol="unimatch-v2")
    assert len(looked) == 1
