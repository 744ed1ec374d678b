"""Networks of other code as a user meets them, from `contamination` to `report`."""

import json
import sys
from pathlib import Path

import pytest
import torch
from torchvision.models import get_model

from tests.cli.farm import CLASSES, call, measure, one_message
from tests.pixcon_diag.checkpoints.modules.networks import own_network, segformer, unet, write_code


@pytest.fixture
def images(data: Path) -> tuple[str, ...]:
    """The options that name the images."""
    return "--dataset", f"{data}/farm.yaml", "--data-root", str(data), "--workers", "0", "--device", "cpu"


def test_everything_is_measured_of_networks_of_two_libraries(
    tmp_path: Path, data: Path, images: tuple[str, ...]
) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("segmentation_models_pytorch")
    segformer(tmp_path / "segformer", names=tuple(name.upper() for name in reversed(CLASSES)))
    unet(tmp_path / "unet")
    methods = [f"hf:{tmp_path}/segformer", f"smp:{tmp_path}/unet"]
    options = [*images, "--limit", 2, "--bank-list", data / "val.txt"]
    result = call("report", *methods, *options, "--no-images", "--json", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert {"tsne", "boundary", "compare", "doctor"} <= found.keys()
    for command in ("contamination", "geometry", "coverage", "gradient"):
        assert {row["name"] for row in found[command]["results"]} == {"segformer", "unet"}, command
    about = {row["name"]: row["provenance"]["checkpoint"] for row in found["contamination"]["results"]}
    assert about["segformer"]["class_order"] == [2, 1, 0] and about["unet"]["class_order"] is None
    assert about["segformer"]["preprocessing"]["size"] == [48, 48]
    assert about["segformer"]["feature"] == "input of decode_head.classifier"
    assert "segformer: 2 of its 3 classes are reordered by name to those of farm" in result.stderr
    assert all((tmp_path / folder / "diag").is_dir() for folder in ("segformer", "unet"))
    again = call("contamination", *methods, *images, "--limit", 2, "-v")
    assert again.stderr.count("reusing the pass cached in") == 2


def test_torchvision_s_networks_need_no_code(tmp_path: Path, images: tuple[str, ...]) -> None:
    torch.manual_seed(0)
    network = get_model("lraspp_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=len(CLASSES))
    torch.save({"model": network.state_dict(), "epoch": 1}, tmp_path / "model_1.pth")
    result = call("geometry", f"torchvision:lraspp_mobilenet_v3_large@{tmp_path}/model_1.pth", *images, "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["results"]
    assert (row["name"], row["provenance"]["checkpoint"]["feature"]) == (
        "model_1",
        "input of classifier.high_classifier",
    )
    assert (tmp_path / "diag").is_dir()


def test_an_option_names_the_network_of_all_files(tmp_path: Path, images: tuple[str, ...]) -> None:
    file = write_code(tmp_path)
    for name, shift in (("a", 0.0), ("b", 2.0)):
        network = own_network(file)
        network.head.bias.data[0] += shift  # type: ignore[union-attr, operator, index]
        torch.save(network.state_dict(), tmp_path / f"{name}.pth")
    named = measure(f"x={file}:build@{tmp_path}/a.pth", f"{file}:build@{tmp_path}/b.pth", *images)
    given = measure("--model", f"{file}:build", f"x={tmp_path}/a.pth", tmp_path / "b.pth", *images)
    assert named == given and [row["name"] for row in named] == ["x", "b"]
    (alone,) = measure("--model", f"{file}:build", *images)
    assert alone["name"] == "net:build" and alone["iou"] == named[0]["iou"]


def test_the_order_of_classes_may_be_the_network_s(tmp_path: Path, images: tuple[str, ...]) -> None:
    file = Path(write_code(tmp_path))
    names = (CLASSES[1], CLASSES[0], "another name")
    file.write_text(
        f"{file.read_text()}\ndef named():\n    net = Net()\n    net.class_names = {names}\n    return net\n"
    )
    one_message(call("contamination", f"{file}:named", *images), 2, "has 2 of the 3 classes of farm", "--class-order")
    (named,) = measure(f"{file}:named", "--class-order", "network", *images)
    (plain,) = measure(f"{file}:build", *images)
    assert named["iou"] == plain["iou"]


def test_mistakes_are_one_message(tmp_path: Path, images: tuple[str, ...]) -> None:
    torch.save({"head.weight": torch.ones(2, 2)}, tmp_path / "w.pth")
    one_message(call("contamination", tmp_path / "w.pth", *images), 4, "no known architecture", "--model SPEC")
    one_message(call("contamination", tmp_path / "w.pth", "--model", "segformer", *images), 2, "package.module:factory")
    file = write_code(tmp_path)
    wrong = call("contamination", tmp_path / "w.pth", "--model", f"{file}:build", *images)
    one_message(wrong, 4, "missing stem.weight", "of another shape head.weight (2, 2)")
    one_message(call("contamination", f"{file}:bild", *images), 2, "defined are build")


def test_inspection_names_the_option(tmp_path: Path) -> None:
    torch.save({"encoder.weight": torch.ones(2, 2)}, tmp_path / "w.pth")
    assert "name it: --model SPEC" in " ".join(call("inspect", tmp_path / "w.pth").stdout.split())


def test_optional_packages_are_needed_only_where_they_are_named(
    tmp_path: Path, images: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("transformers", "segmentation_models_pytorch"):
        monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    (row,) = measure(f"{write_code(tmp_path)}:build", *images)
    assert row["name"] == "net:build"
    one_message(call("contamination", "hf:segformer", *images), 2, "pip install 'pixcon-diag[transformers]'")
    one_message(call("contamination", "smp:unet", *images), 2, "pip install 'pixcon-diag[smp]'")
