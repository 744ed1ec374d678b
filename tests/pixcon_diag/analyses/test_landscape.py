from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pixcon_diag.analyses.landscape import (
    checkpoint_points,
    landscape_result,
    read_points,
    stated_miou,
)
from pixcon_diag.checkpoints.loading import load
from pixcon_diag.checkpoints.network import parameters_at_inference
from pixcon_diag.measures.landscape import landscape, published
from pixcon_diag.provenance import CheckpointInfo, Scores
from pixcon_train.core.errors import DataError
from pixcon_train.models.build import build_model
from tests.cli.farm import write_public

INFO = CheckpointInfo("best.pth", "", "UniMatch V2 checkpoint", "unimatch_v2", "base", 21, False, "ema", Scores())


@pytest.mark.parametrize(
    ("weights", "scores", "expected"),
    [
        ("ema", Scores(epoch=5, ema=0.8, student=0.7, best_ema=0.9, best_ema_epoch=3), (0.8, "ema, epoch 5")),
        ("student", Scores(epoch=5, ema=0.8, student=0.7), (0.7, "student, epoch 5")),
        (
            "ema",
            Scores(epoch=46, best_ema=0.8792, best_ema_epoch=50),
            (0.8792, "the run's best ema, epoch 50; the weights are of 46"),
        ),
        ("ema", Scores(best_ema=0.9), (0.9, "the run's best ema, epoch unknown; the weights are of unknown")),
        ("student", Scores(epoch=5, best_ema=0.9, best_ema_epoch=3), None),
        ("unnamed", Scores(epoch=5, ema=0.8, student=0.7, best_ema=0.9), None),
    ],
)
def test_the_miou_is_one_of_the_weights_measured(
    weights: str, scores: Scores, expected: tuple[float, str] | None
) -> None:
    assert stated_miou(replace(INFO, weights=weights, scores=scores)) == expected


def test_the_projection_head_does_not_count() -> None:
    without = build_model("unimatch_v2", "nano", 3, projection=False)
    with_one = build_model("unimatch_v2", "nano", 3, projection=True)
    counts = [parameters_at_inference(model) for model in (without, with_one)]
    assert counts[0] == counts[1] == sum(parameter.numel() for parameter in without.parameters())
    assert sum(parameter.numel() for parameter in with_one.parameters()) > counts[0]


def test_a_public_files_data_set_is_told_by_its_number_of_classes(tmp_path: Path) -> None:
    loaded = load(str(write_public(tmp_path / "best.pth")))
    (run,), left_out = checkpoint_points([loaded])
    assert (run.dataset, run.miou, left_out) == ("unknown", 0.51, []) and "names no data set" in run.source
    (pascal,), _ = checkpoint_points([replace(loaded, info=replace(loaded.info, num_classes=21))])
    assert pascal.dataset == "pascal" and pascal.source.endswith("ema, epoch 4; 21 classes are assumed to be pascal")


def test_a_file_that_states_nothing_is_left_out_and_said(tmp_path: Path) -> None:
    torch.save(torch.load(write_public(tmp_path / "best.pth"), weights_only=False)["model"], tmp_path / "bare.pth")
    runs, (sentence,) = checkpoint_points([load(str(tmp_path / "bare.pth"))])
    assert runs == [] and sentence.startswith("bare states no mIoU of these weights")


def test_points_of_a_file_are_rows_after_the_published_ones(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("name,encoder,parameters,miou,dataset\nmine,DINOv2-S,24800000,0.84,pascal\n")
    (table,) = landscape_result(landscape(read_points(path))).tables
    (mine,) = table.records()[len(published()) :]
    assert (mine["name"], mine["parameters"], mine["miou"]) == ("mine", 24.8, 0.84) and mine["source"] == str(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,miou\nx,0.5\n", "lacks the column encoder, parameters, dataset"),
        ("", "lacks the column"),
        ("name,encoder,parameters,miou,dataset\nx,y,24.8M,0.84,pascal\n", "line 2: parameters '24.8M'"),
        ("name,encoder,parameters,miou,dataset\nx,y\n", "line 2: parameters None"),
        ("name,encoder,parameters,miou,dataset\nx,y,24,84,pascal\n", "miou '84' is no such number"),
        ("name,encoder,parameters,miou,dataset\nx,y,24,nan,pascal\n", "miou 'nan' is no such number"),
        ("name,encoder,parameters,miou,dataset\nx,y,24,1e400,pascal\n", "miou '1e400' is no such number"),
        ("x" * 200_000 + ",miou\n", "is no CSV file: field larger than field limit"),
    ],
)
def test_a_file_of_points_that_is_none(tmp_path: Path, text: str, says: str) -> None:
    (path := tmp_path / "points.csv").write_text(text)
    with pytest.raises(DataError, match=says):
        read_points(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_points(tmp_path / "missing.csv")
