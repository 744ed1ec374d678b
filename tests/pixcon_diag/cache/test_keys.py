"""Every part of a pass's key, and where passes are kept."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from pixcon_diag.cache.job import PassJob
from pixcon_diag.cache.keys import pass_folder, pass_key
from pixcon_diag.checkpoints.finding import results_folder
from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.options import MeasureOptions, RunChoice, pass_options
from pixcon_train.core.progress import no_notes, silent
from pixcon_train.data.sources import DataSource
from tests.pixcon_diag.checkpoints.modules.networks import own_network, segformer, write_code
from tests.pixcon_diag.passes.small import CLASSES, Network, cpu, images, network
from tests.pixcon_train.data.files import THREE


def key(
    data: EvaluationData,
    checkpoint: LoadedCheckpoint | None = None,
    options: MeasureOptions | None = None,
    run: RunChoice | None = None,
) -> dict[str, Any]:
    checkpoint = checkpoint or network()
    passing, counted = pass_options(checkpoint, data, run or cpu()), (options or MeasureOptions()).key()
    return (
        PassJob(checkpoint, data, passing, counted, None, Path("diag"), silent, no_notes)
        .store(passing.device_type or "cpu")
        .key
    )


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path)


def about(**changes: Any) -> LoadedCheckpoint:
    """The network with other information."""
    checkpoint = network()
    return replace(checkpoint, info=replace(checkpoint.info, **changes))


CHECKPOINTS: dict[str, Callable[[], LoadedCheckpoint]] = {
    "sha256": lambda: about(sha256="0" * 64),
    "weights": lambda: about(weights="ema"),
    "class": lambda: about(layout="wrapped Other"),
    "feature": lambda: network(feature="classifier"),
    "no feature": lambda: network(feature=None),
    "multiple": lambda: network(multiple=4),
}


@pytest.mark.parametrize("change", CHECKPOINTS)
def test_another_network_is_another_pass(data: EvaluationData, change: str) -> None:
    assert key(data, CHECKPOINTS[change]()) != key(data)


@pytest.mark.parametrize(
    "change",
    [{"protocol": "unimatch-v2"}, {"window": 14}, {"device": "meta"}, {"batch_size": 1}],
    ids=lambda each: str(*each),
)
def test_another_way_to_run_it_is_another_pass(data: EvaluationData, change: dict[str, Any]) -> None:
    assert key(data, run=cpu(**change)) != key(data)


def test_other_options_are_another_pass(data: EvaluationData) -> None:
    assert key(data, options=MeasureOptions(widths=(1,))) != key(data)
    assert key(data, options=MeasureOptions(taus=(0.9512,))) != key(data)


def described(data: EvaluationData, **changes: Any) -> EvaluationData:
    """The same files with another specification."""
    return replace(data, source=DataSource(THREE.model_copy(update=changes), data.source.root))


DATA: dict[str, Callable[[EvaluationData], EvaluationData]] = {
    "limit": lambda data: replace(data, pairs=data.pairs[:4]),
    "order": lambda data: replace(data, pairs=data.pairs[::-1]),
    "encoding": lambda data: replace(data, encoding="shifted"),
    "palette": lambda data: described(data, palette=THREE.palette[::-1]),
    "names": lambda data: described(data, classes=("a", "b", "c")),
}


@pytest.mark.parametrize("change", DATA)
def test_other_data_are_another_pass(data: EvaluationData, change: str) -> None:
    assert key(DATA[change](data)) != key(data)


@pytest.mark.parametrize("which", ["image", "mask"])
def test_a_file_that_changed_is_another_pass(data: EvaluationData, which: str) -> None:
    before = key(data)
    path = data.source.root / getattr(data.pairs[2], which)
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    touched = key(data)
    path.unlink()
    assert len({str(each) for each in (before, touched, key(data))}) == 3


def test_what_changes_no_count_is_the_same_pass(data: EvaluationData) -> None:
    assert key(replace(data, list_name="elsewhere/copy.txt", note="a word")) == key(data)
    assert key(data, run=cpu(workers=5)) == key(data)
    assert key(data, options=MeasureOptions(taus=(0.5,))) == key(data)
    assert key(data, about(source="/moved/best_ema.pth")) == key(data)


def file(path: Path) -> LoadedCheckpoint:
    """A checkpoint that is said to lie at ``path``."""
    checkpoint = network()
    return replace(checkpoint, wrapped=None, info=replace(checkpoint.info, source=str(path)))


def test_passes_are_kept_beside_the_checkpoint(tmp_path: Path) -> None:
    assert pass_folder(file(tmp_path / "best_ema.pth")) == tmp_path / "diag"


def test_passes_of_an_address_on_the_hub_are_kept_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXCON_CACHE", str(tmp_path / "cache"))
    hub = replace(file(tmp_path), info=replace(network().info, source="hf://owner/weights/best.pth"))
    assert pass_folder(hub) == tmp_path / "cache/diag"


def test_passes_are_kept_in_the_cache_where_the_checkpoint_s_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXCON_CACHE", str(tmp_path / "cache"))
    refused = {tmp_path}
    monkeypatch.setattr(os, "access", lambda path, mode: path not in refused)  # root may write anywhere
    assert pass_folder(file(tmp_path / "best_ema.pth")) == tmp_path / "cache/diag"
    (tmp_path / "diag").mkdir()
    assert pass_folder(file(tmp_path / "best_ema.pth")) == tmp_path / "diag"
    refused.add(tmp_path / "diag")
    assert pass_folder(file(tmp_path / "best_ema.pth")) == tmp_path / "cache/diag"


def test_a_wrapped_module_lies_nowhere_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "net.pth").touch()
    assert [pass_folder(wrap_module(Network(), CLASSES, name=name)) for name in ("module", "runs", "net.pth")] == [
        None
    ] * 3


def test_passes_of_a_spec_lie_beside_its_weights_or_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXCON_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "unet"
    folder.mkdir()
    assert results_folder(f"smp:{folder}") == folder / "diag"
    assert results_folder(f"smp:{folder}@{tmp_path}/w.pth") == tmp_path / "diag"
    for elsewhere in ("package.module:build", "hf:owner/name", "net.py:build@hf://owner/repo/w.pth"):
        assert results_folder(elsewhere) == tmp_path / "cache/diag"


def of_file(data: EvaluationData, source: str, **options: Any) -> str:
    """The key of a pass of the network that a SPEC names."""
    loaded = load(source, **options)
    return str(pass_key(loaded, data, pass_options(loaded, data, cpu()), {}))


def test_a_change_of_the_code_that_builds_a_network_makes_another_pass(tmp_path: Path) -> None:
    file = write_code(tmp_path)
    torch.save(own_network(file).state_dict(), tmp_path / "w.pth")
    data = images(tmp_path / "data")
    source = f"{file}:build@{tmp_path / 'w.pth'}"
    keys = [of_file(data, source), of_file(data, source), of_file(data, source.replace("build", "permuted"))]
    Path(file).write_text(f"{Path(file).read_text()}# changed\n")
    keys += [of_file(data, source), of_file(data, source, feature="stem")]
    assert keys[0] == keys[1] and len(set(keys)) == 4
    assert pass_folder(load(source)) == tmp_path / "diag"


def test_a_change_of_what_a_network_predicts_makes_another_pass_whatever_caused_it(tmp_path: Path) -> None:
    (tmp_path / "scale.txt").write_text("1.0")
    (tmp_path / "net.py").write_text(
        "from pathlib import Path\nfrom torch import nn\n"
        "class Net(nn.Conv2d):\n"
        "    def forward(self, images):\n"
        "        return super().forward(images) * float((Path(__file__).parent / 'scale.txt').read_text())\n"
        "def build():\n    return Net(3, 3, 1)\n"
    )
    torch.save(torch.nn.Conv2d(3, 3, 1).state_dict(), tmp_path / "w.pth")
    data, source = images(tmp_path / "data"), f"{tmp_path}/net.py:build@{tmp_path}/w.pth"
    first, again = of_file(data, source), of_file(data, source)
    (tmp_path / "scale.txt").write_text("1.1")
    assert first == again != of_file(data, source)


def test_a_change_of_a_folder_s_configuration_makes_another_pass(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    segformer(tmp_path)
    data = images(tmp_path / "data")
    first, config = of_file(data, f"hf:{tmp_path}"), tmp_path / "config.json"
    assert of_file(data, f"hf:{tmp_path}") == first
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "layer_norm_eps": 0.5}))
    changed = of_file(data, f"hf:{tmp_path}")
    config.write_text(json.dumps({**content, "not_read": 1}))
    assert len({first, changed, of_file(data, f"hf:{tmp_path}")}) == 3


def test_another_version_of_a_library_makes_another_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = torchvision.models.get_model(
        "lraspp_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=3
    )
    torch.save(network.state_dict(), tmp_path / "w.pth")
    data, source = images(tmp_path / "data"), f"torchvision:lraspp_mobilenet_v3_large@{tmp_path}/w.pth"
    first = of_file(data, source)
    monkeypatch.setattr("pixcon_diag.checkpoints.modules.built.version", lambda name: "0.0")
    assert of_file(data, source) != first
