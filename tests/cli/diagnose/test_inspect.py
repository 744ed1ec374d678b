"""`pixcon-diag inspect` and `convert` as a user meets them."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_diag.checkpoints.loading import load
from tests.cli.farm import call, one_message
from tests.pixcon_diag.checkpoints.layouts.test_releases import cwbass_v2, file_of, v1
from tests.pixcon_diag.checkpoints.test_loading import CLASSES, holds, pixcon, state, unimatch_v2
from tests.pixcon_train.models.deeplab_states import corrmatch, unimatch_v1


def inspected(path: Path, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call("inspect", path, "--json", *options).stdout)
    return found


def test_a_checkpoint_is_described(tmp_path: Path) -> None:
    path = file_of(tmp_path, "best.pth", pixcon())
    found = inspected(path)
    assert (found["layout"], found["verified"], found["bytes"]) == ("PixCon checkpoint", True, path.stat().st_size)
    assert found["scores"]["best_ema"] == pytest.approx(0.879)
    assert found["bank"] == {"classes": CLASSES, "entries": 0}
    teacher, student = found["networks"]
    assert (teacher["weights"], teacher["model"]["architecture"], teacher["model"]["size"]) == ("ema", "pixcon", "nano")
    assert (teacher["model"]["num_classes"], teacher["not_finite"]) == (CLASSES, 0)
    assert teacher["dtypes"] == ["float32", "int64"]
    floats = [value.double() for value in state("pixcon", projection=True).values() if value.is_floating_point()]
    assert teacher["norm"] == pytest.approx(float(sum(value.square().sum() for value in floats)) ** 0.5)
    assert teacher["largest"] == pytest.approx(float(max(value.abs().max() for value in floats)))
    assert student["weights"] == "student" and student["norm"] != teacher["norm"]
    assert {part["name"].partition(".")[0] for part in found["entries"]} == set(pixcon())
    shown = call("inspect", path).stdout
    assert "PixCon checkpoint" in shown and "nano" in shown


def test_weights_that_are_not_finite_are_counted(tmp_path: Path) -> None:
    content = v1(unimatch_v1())
    content["model"]["module.classifier.weight"][:2, 0] = torch.tensor([[[float("nan")]], [[float("inf")]]])
    shown = call("inspect", file_of(tmp_path, "best.pth", content), "--out", tmp_path).stdout
    (network,) = json.loads((tmp_path / "inspect.json").read_text())["networks"]
    model = network["model"]
    assert (network["not_finite"], model["architecture"], model["size"]) == (2, "unimatch_v1", "resnet50")
    assert model["recipe"]["stride"] == 16 and network["norm"] > 0
    assert "2 weights are NaN or infinite; it cannot be measured" in " ".join(shown.split())


def test_a_file_of_no_known_layout_is_described_as_far_as_possible(tmp_path: Path) -> None:
    content = {"generator": {"w": torch.full((2, 3), 2.0)}, "step": 7, "options": argparse.Namespace(a=1)}
    found = inspected(file_of(tmp_path, "model.pth", content))
    assert found["layout"] is None and found["not_restored"] == ["argparse.Namespace"]
    (network,) = found["networks"]
    assert (network["weights"], network["values"], network["largest"]) == ("generator", 6, 2.0)
    assert network["norm"] == pytest.approx(24**0.5) and network["model"] is None
    parts = {part["name"]: part["content"] for part in found["entries"]}
    assert parts["step"] == "7" and parts["options"] == "Python object, not restored: argparse.Namespace"
    assert "no known layout" in call("inspect", tmp_path / "model.pth").stdout


def test_settings_of_training_and_class_names_are_spelled(tmp_path: Path) -> None:
    settings = {"lr": 0.01, "backbone": "resnet50", "classes": ["sky", "cow"], "schedule": {"name": "poly"}}
    content = {
        "state_dict": {"net.w": torch.ones(2)},
        "epoch": 11,
        "hyper_parameters": settings,
        "many": {f"option_{index}": index for index in range(50)},
        "optimizer_states": [{"state": {}, "param_groups": [1]}],
        "loops": {"fit_loop": {"epoch": 1}},
        "meta": {"CLASSES": tuple("abcdefgh")},
    }
    found = {
        part["name"]: part["content"] for part in inspected(file_of(tmp_path, "lightning.ckpt", content))["entries"]
    }
    assert found["hyper_parameters.lr"] == "0.01" and found["hyper_parameters.backbone"] == "'resnet50'"
    assert found["hyper_parameters.classes"] == "list of 2: sky, cow"
    assert found["hyper_parameters.schedule"] == "dictionary of 1 entries"
    assert found["meta.CLASSES"] == "tuple of 8: a, b, c, d, e, f, …"
    assert sum(name.startswith("many.") for name in found) == 20 and found["many"] == "dictionary of 50 entries"
    assert found["optimizer_states"] == "list of 1" and "loops.fit_loop" not in found


def test_a_network_is_no_file_but_the_command_that_measures_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "segformer").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "segformer" / name).touch()
    folder = tmp_path / "segformer"
    said = call("inspect", f"hf:{folder}")
    one_message(
        said, 2, f"measured with `pixcon-diag contamination hf:{folder}`", f"inspect {folder}/model.safetensors`"
    )
    one_message(call("inspect", "net.py:build@w.pth"), 2, "`pixcon-diag inspect w.pth`")
    one_message(call("inspect", folder), 4, f"hf:{folder} or smp:{folder}")


def test_a_long_state_dict_is_shown_by_its_parts(tmp_path: Path) -> None:
    content = state("pixcon")
    found = inspected(file_of(tmp_path, "best.pth", content))
    parts = {part["name"]: part["content"] for part in found["entries"]}
    blocks = [value for key, value in content.items() if key.startswith("backbone.vit.blocks.0.")]
    assert parts["backbone.vit.blocks.0"] == f"{len(blocks)} tensors, {sum(value.numel() for value in blocks):,} values"
    assert len(parts) <= 20 and "tensor (" in parts["backbone.vit.cls_token"]
    shown = " ".join(call("inspect", tmp_path / "best.pth").stdout.split())
    assert f"{len(content)} entries in all, by the beginning of their names; --tensors lists each." in shown
    call("inspect", tmp_path / "best.pth", "--tensors", "--out", tmp_path / "out")
    rows = (tmp_path / "out/inspect_tensors.csv").read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == [f"unnamed: {key}" for key in content]


def test_two_networks_in_one_state_dict_are_two(tmp_path: Path) -> None:
    content = {f"{name}.{key}": value for name in ("net", "teacher") for key, value in state("pixcon").items()}
    found = inspected(file_of(tmp_path, "last.ckpt", {"epoch": 3, "state_dict": content}))
    assert [network["weights"] for network in found["networks"]] == ["ema", "student"]
    assert all(network["model"]["architecture"] == "pixcon" for network in found["networks"])


def test_no_weight_file(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    one_message(call("inspect", tmp_path / "note.txt"), 4, "note.txt is a text that begins with `hello`, not weights")


@pytest.mark.parametrize("content", [pixcon, unimatch_v2, cwbass_v2, lambda: v1(unimatch_v1()), corrmatch])
def test_a_converted_file_is_measured_as_its_source(tmp_path: Path, content: Any) -> None:
    path, target = file_of(tmp_path, "voc_81.5.pth", content()), tmp_path / "new.safetensors"
    assert target.name in call("convert", path, target).stdout
    source, found = load(path), load(target)
    assert holds(found, source.model.state_dict())
    same = ("architecture", "size", "num_classes", "projection", "weights", "feature")
    assert [getattr(found.info, name) for name in same] == [getattr(source.info, name) for name in same]
    assert (found.protocol, found.bank) == (source.protocol, None)
    scores = found.info.scores
    assert (scores.epoch, scores.student, scores.ema) == (
        source.info.scores.epoch, source.info.scores.student, source.info.scores.ema,
    )  # fmt: skip
    assert inspected(target)["verified"]


def test_the_requested_weights_are_converted(tmp_path: Path) -> None:
    path = file_of(tmp_path, "best.pth", unimatch_v2())
    call("convert", path, tmp_path / "student.safetensors", "--weights", "student")
    assert holds(load(tmp_path / "student.safetensors"), state("unimatch_v2", shift=0.5))


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    path = file_of(tmp_path, "best.pth", unimatch_v2())
    (taken := tmp_path / "taken.safetensors").write_text("mine")
    one_message(call("convert", path, taken), 2, "exists already")
    one_message(call("convert", path, tmp_path / "new.pth"), 2, "ends in .safetensors")
    assert taken.read_text() == "mine" and sorted(file.name for file in tmp_path.iterdir()) == ["best.pth", taken.name]


def test_what_a_source_lacks_is_said(tmp_path: Path) -> None:
    torch.save(unimatch_v2(), path := tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    done = call("convert", path, tmp_path / "new.safetensors", "--allow-legacy")
    assert "not verifiable (the file has no checksums)" in done.stderr
    assert load(tmp_path / "new.safetensors").info.layout == "UniMatch V2 checkpoint, converted"
