"""`pixcon-diag convert-masks` as a user meets it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.farm import CLASSES, call, one_message
from tests.pixcon_train.data.files import save_image


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    palette = [[9 * k, 200 - k, 30] for k in range(len(CLASSES))]
    (tmp_path / "farm.yaml").write_text(f"classes: [{', '.join(CLASSES)}]\npalette: {palette}\n")
    return tmp_path / "farm.yaml"


def mask(path: Path, values: object) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.array(values, dtype=np.uint8)).save(path)


def test_colours_are_converted_by_the_data_set_s_palette(tmp_path: Path, spec: Path) -> None:
    mask(tmp_path / "rgb/a.png", [[[0, 200, 30], [18, 198, 30]]])
    arguments = ("convert-masks", tmp_path / "rgb", tmp_path / "out", "--dataset", spec)
    assert call(*arguments).stdout == f"Masks written to {tmp_path / 'out'}: 1.\n"
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[0, 2]]
    assert call(*arguments).stdout == f"Masks written to {tmp_path / 'out'}: 0; 1 existed already.\n"


def test_other_colours_are_an_error_after_all_that_can_be_written(tmp_path: Path, spec: Path) -> None:
    mask(tmp_path / "rgb/a.png", [[[0, 200, 30], [1, 2, 3]]])
    mask(tmp_path / "rgb/b.png", [[[0, 200, 30]]])
    result = call("convert-masks", tmp_path / "rgb", tmp_path / "out", "--dataset", spec)
    assert result.exit_code == 3 and result.stdout.startswith("Masks written to ") and ": 1" in result.stdout
    assert "(1, 2, 3) in 1 masks" in result.stderr and "Traceback" not in result.stderr
    again = ("--dataset", spec, "--void-color", "1,2,3")
    one_message(
        call("convert-masks", tmp_path / "rgb", tmp_path / "out", *again), 2, "--void-color 1,2,3", "new folder"
    )
    result = call("convert-masks", tmp_path / "rgb", tmp_path / "new", *again)
    assert result.exit_code == 0 and np.asarray(Image.open(tmp_path / "new/a.png")).tolist() == [[0, 255]]


def test_labels_are_changed(tmp_path: Path) -> None:
    mask(tmp_path / "in/a.png", [[0, 255]])
    assert call("convert-masks", tmp_path / "in", tmp_path / "out", "--map", "255=1").exit_code == 0
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[0, 1]]
    assert call("convert-masks", tmp_path / "out", tmp_path / "less", "--shift", "-1").exit_code == 0
    assert np.asarray(Image.open(tmp_path / "less/a.png")).tolist() == [[255, 0]]


def test_another_conversion_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    mask(tmp_path / "in/a.png", [[0, 1]])
    assert call("convert-masks", tmp_path / "in", tmp_path / "out", "--shift", "1").exit_code == 0
    result = call("convert-masks", tmp_path / "in", tmp_path / "out", "--map", "1=2")
    one_message(result, 2, "--shift 1", "--map 1=2")


def test_one_way_of_converting_is_named(tmp_path: Path, spec: Path) -> None:
    for more in ((), ("--dataset", spec, "--map", "255=1"), ("--dataset", spec, "--shift", "0")):
        one_message(call("convert-masks", tmp_path, tmp_path / "out", *more), 2, "Give --dataset", "--map or --shift")


def test_values_of_16_bits(tmp_path: Path) -> None:
    save_image(tmp_path / "in/a.png", np.array([[0, 1, 255, 256, 300, 65535]]))
    result = call("convert-masks", tmp_path / "in", tmp_path / "out", "--shift", -1, "--map", "300=2", "--wide")
    assert result.exit_code == 0, result.output
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[65535, 0, 254, 255, 2, 65535]]
    one_message(
        call("convert-masks", tmp_path / "in", tmp_path / "narrow", "--shift", -1), 3, "256, 300, 65535", "0..255"
    )
    one_message(
        call("convert-masks", tmp_path / "in", tmp_path / "o", "--dataset", "pascal", "--wide"), 2, "--wide is for"
    )
