"""The audit agrees with the pass for every protocol and option, and finds each kind of wrong number."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixcon_diag.audit.audit import audit
from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.passes.export_maps import FORMATS, Format, export_maps
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.passes.saved_maps import checkpoint_of_maps, maps_of
from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.models.build import build_model
from tests.pixcon_diag.passes.small import CLASSES, SIZES, cpu, images, network
from tests.pixcon_train.models.deeplab_states import unimatch_v1
from tests.reference import fill_by_rule


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", block=4)


def measured(
    checkpoint: LoadedCheckpoint, data: EvaluationData, folder: Path, options: MeasureOptions | None = None
) -> MeasuredPass:
    return measure(checkpoint, data, options, cpu(), cache=folder)


@pytest.mark.parametrize("void_mode", ["label", "ignore", "nearest"])
@pytest.mark.parametrize("distance", ["chessboard", "euclidean"])
def test_every_count_is_equal(data: EvaluationData, tmp_path: Path, void_mode: str, distance: str) -> None:
    options = MeasureOptions(taus=(0.123, 0.95), widths=(1, 4), void_mode=void_mode, distance=distance)  # type: ignore[arg-type]
    told: list[str] = []
    done = measured(network(), data, tmp_path, options)
    info = audit(network(), done, cpu(), images=100, notify=told.append).provenance.audit
    assert info is not None and (info.images, info.seed) == (len(SIZES), 0)
    assert info.pixels == sum(height * width for height, width in SIZES)
    assert info.undecided < info.pixels / 10
    assert f"{info.pixels:,} pixels predicted and counted again, every count is equal" in told[0]


@pytest.mark.parametrize(
    ("protocol", "window"), [("unimatch-v2", 0), ("pixcon", 0), ("pixcon", 28), ("unimatch-v2", 42)]
)
def test_protocols_and_sliding_windows(tmp_path: Path, protocol: str, window: int) -> None:
    model = fill_by_rule(build_model("pixcon", "nano", CLASSES, projection=True, embedding_dim=6))
    data = images(tmp_path / "data", [(33, 47), (61, 45), (13, 30)], block=1)
    torch.save(model.state_dict(), path := tmp_path / "best.pth")
    run = cpu(protocol=protocol, window=window)
    done = measure(load(path), data, run=run, cache=tmp_path / "kept")
    assert audit(load(path), done, run, images=3).provenance.audit is not None


def test_windows_that_are_cut_off(tmp_path: Path) -> None:
    torch.save(unimatch_v1(classes=CLASSES), path := tmp_path / "best.pth")
    data, run = images(tmp_path / "data", [(33, 47), (61, 45)], block=1), cpu(window=40)
    done = measure(load(path), data, run=run, cache=tmp_path / "kept")
    assert done.provenance.inference.window == (40, 26) and done.provenance.inference.protocol == "native"
    assert audit(load(path), done, run, images=2).provenance.audit is not None


@pytest.mark.parametrize("form", FORMATS)
def test_saved_maps_are_read_and_counted_again(data: EvaluationData, tmp_path: Path, form: Format) -> None:
    export_maps(network(), data, tmp_path / "maps", form, cpu())
    options = MeasureOptions(taus=(0.123, 0.95))
    maps = checkpoint_of_maps("saved", maps_of(tmp_path / "maps", data), data, options.edges)
    done, told = measured(maps, data, tmp_path / "kept", options), list[str]()
    info = audit(maps, done, images=100, notify=told.append).provenance.audit
    assert info is not None and info.images == len(SIZES) and "pixels read and counted again" in told[0]
    other = np.full((CLASSES, *SIZES[2]), 1 / CLASSES, np.float32)
    other[1] += 0.25
    other[[0, 2]] -= 0.125
    if form == "png":
        (tmp_path / "maps/images/2.png").write_bytes(encode_map(other.argmax(0).astype(np.uint8), None))
    elif form == "logits-pt":
        torch.save(torch.from_numpy(np.log(other)), tmp_path / "maps/images/2.pt")
    else:
        np.savez(tmp_path / "maps/images/2.npz", other if form == "npz" else np.log(other))
    with pytest.raises(PixConError, match=r"failed at images/2.png: .* pixels have"):
        audit(maps, done, images=100)


def test_images_are_chosen_by_the_seed(data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, looked = measured(network(), data, tmp_path), []
    read = type(done.label_maps).read
    monkeypatch.setattr(type(done.label_maps), "read", lambda self, index: looked.append(index) or read(self, index))
    for seed in (0, 0, 1):
        audit(network(), done, cpu(), images=2, seed=seed)
    assert looked[:2] == looked[2:4] != looked[4:] and len(set(looked[:2])) == 2


@pytest.mark.parametrize(
    ("maps", "step", "modulus", "expected"),
    [
        ("label_maps", 1, CLASSES, r"1 pixels have another class .* \(row 5, column 7\)"),
        ("confidence_maps", 40, 200, r"1 pixels have a confidence in another bin \(row 5, column 7\)"),
    ],
)
def test_a_wrong_map_is_found(
    data: EvaluationData, tmp_path: Path, maps: str, step: int, modulus: int, expected: str
) -> None:
    done = measured(network(), data, tmp_path)
    files = getattr(done, maps)
    values = files.read(3).copy()
    values[5, 7] = (values[5, 7] + step) % modulus
    files.files[3].write_bytes(encode_map(values, None))
    with pytest.raises(PixConError, match=f"audit of mine failed at {data.pairs[3].image}: {expected}"):
        audit(network(), done, cpu(), images=len(SIZES))


def test_a_wrong_count_is_found(data: EvaluationData, tmp_path: Path) -> None:
    done = measured(network(), data, tmp_path)
    for name, counts in {"statistics": done.counts.statistics, "boundary": done.counts.boundary}.items():
        wrong = counts.copy()
        wrong[(2, *np.argwhere(wrong[2])[0])] += 1
        forged = replace(done)
        object.__setattr__(forged, "counts", replace(done.counts, **{name: wrong}))
        with pytest.raises(PixConError, match=rf"{data.pairs[2].image}: plain loops .* other counts \({name}\)"):
            audit(network(), forged, cpu(), images=len(SIZES))


def test_another_network_is_found(data: EvaluationData, tmp_path: Path) -> None:
    with pytest.raises(PixConError, match="another class than the one with the largest probability"):
        audit(network(seed=1), measured(network(), data, tmp_path), cpu(), images=1)


def test_a_pass_without_maps_cannot_be_audited(data: EvaluationData) -> None:
    with pytest.raises(ConfigError, match="Only a cached pass can be audited"):
        audit(network(), measure(network(), data, run=cpu()), cpu(), images=1)


def test_a_large_image_is_refused(data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixcon_diag.audit.audit.LARGEST", 1000)
    with pytest.raises(ConfigError, match=r"too much here\. Audit a list of smaller images"):
        audit(network(), measured(network(), data, tmp_path), cpu(), images=1)
