"""Label maps as files: what is written is read, and what is no label map is refused."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.data.label_maps import ConfidenceMapFiles, LabelMapFiles, MapWriter, encode_map, find_label_maps
from pixcon_train.core.errors import DataError, PixConError
from pixcon_train.core.files import sha256
from pixcon_train.data.specs import voc_palette
from tests.pixcon_train.data.files import save_image


def flat(classes: int) -> list[int]:
    return [part for color in voc_palette(classes) for part in color]


@pytest.mark.parametrize("classes", [1, 2, 3, 16, 17, 150, 256])
def test_a_palette_png_holds_every_label_and_its_colour(classes: int) -> None:
    labels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    image = Image.open(io.BytesIO(encode_map(labels, flat(classes))))
    assert image.mode == "P" and (np.asarray(image) == labels).all()
    colors = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (colors[:classes] == np.array(voc_palette(classes))).all() and not colors[classes:].any()


@pytest.mark.parametrize("classes", [256, 300, 1000])
def test_beyond_255_classes_a_map_has_16_bits(tmp_path: Path, classes: int) -> None:
    labels = np.random.default_rng(0).integers(classes, size=(9, 40)).astype(np.int32)
    labels[0, :2] = classes - 1, 65535
    (tmp_path / "a.png").write_bytes(encode_map(labels, flat(classes)))
    image = Image.open(tmp_path / "a.png")
    assert image.mode == "I;16" and (np.asarray(image) == labels).all()
    read = LabelMapFiles((tmp_path / "a.png",), 65535).read(0)
    assert (read == labels).all() and read.dtype == np.int32
    (tmp_path / "a.png").write_bytes(encode_map(labels.astype(np.uint8), None))
    with pytest.raises(DataError, match=r"of 8 bits or less, .*may have lost their upper bits"):
        LabelMapFiles((tmp_path / "a.png",), 65535).read(0)


def test_maps_are_written_one_by_one_with_their_hashes(tmp_path: Path) -> None:
    predictions = np.arange(24, dtype=np.uint8).reshape(3, 2, 4) % 3
    maps = MapWriter(tmp_path, voc_palette(3))
    maps.write(["a/x.jpg", "b/x.jpg"], predictions[:2])
    again = MapWriter(tmp_path, voc_palette(3), maps.hashes)
    again.write(["y.v2.png"], predictions[2:])
    assert list(again.hashes) == ["000000_x.png", "000001_x.png", "000002_y.v2.png"]
    assert len(maps.hashes) == 2
    assert all(sha256(tmp_path / name) == value for name, value in again.hashes.items())
    read = LabelMapFiles(again.files)
    assert len(read) == 3
    for index in range(3):
        assert read.read(index).dtype == np.uint8 and np.array_equal(read.read(index), predictions[index])


def test_a_confidence_map_holds_every_bin(tmp_path: Path) -> None:
    bins = np.arange(256, dtype=np.uint8).reshape(1, 8, 32)
    (writer := MapWriter(tmp_path, None)).write(["x.jpg"], bins)
    maps = ConfidenceMapFiles(writer.files, (0.0, 1.0))
    assert Image.open(maps.files[0]).mode == "L" and len(maps) == 1
    assert maps.read(0).dtype == np.uint8 and np.array_equal(maps.read(0), bins[0])


def test_names_as_long_as_file_systems_take(tmp_path: Path) -> None:
    (maps := MapWriter(tmp_path, voc_palette(3))).write(
        ["x" * 251 + ".jpg", "x" * 250 + "y.jpg"], np.zeros((2, 2, 2), dtype=np.uint8)
    )
    assert len(maps.files) == len(set(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(PixConError, match=r"Could not write .*000000_x.png"):
        MapWriter(tmp_path / "nothing", voc_palette(3)).write(["x.jpg"], np.zeros((1, 2, 2), dtype=np.uint8))


def test_grey_and_two_coloured_maps_are_class_indices_too(tmp_path: Path) -> None:
    labels = np.array([[0, 1], [1, 0]], dtype=np.uint8)
    Image.fromarray(labels).save(tmp_path / "grey.png")
    Image.fromarray(labels.astype(bool)).save(tmp_path / "two.png")
    maps = LabelMapFiles((tmp_path / "grey.png", tmp_path / "two.png"))
    assert maps.read(0).tolist() == maps.read(1).tolist() == labels.tolist()


def test_what_is_no_label_map_is_refused(tmp_path: Path) -> None:
    color = save_image(tmp_path / "color.png", np.zeros((2, 2, 3)))
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    (text := tmp_path / "text.png").write_text("no image")
    (cut := tmp_path / "cut.png").write_bytes((whole := encode_map(noise, [0, 0, 0]))[: len(whole) // 2])
    jpeg = save_image(tmp_path / "jpeg.jpg", np.zeros((8, 8))).rename(tmp_path / "jpeg.png")
    Image.fromarray(np.full((2, 2), 300, dtype=np.uint16)).save(wide := tmp_path / "wide.png")
    maps = LabelMapFiles((color, text, cut, jpeg, wide, tmp_path / "gone.png"))
    for index, words in enumerate(
        (
            r"color\.png is a colour image.*label map with one label per pixel",
            r"text\.png cannot be read",
            r"cut\.png cannot be read",
            r"jpeg\.png is a JPEG file.*Save the label map as a PNG",
            r"wide\.png holds the value 300.*one byte",
            "No label map at",
        )
    ):
        with pytest.raises(DataError, match=words):
            maps.read(index)


def test_predictions_are_found_by_path_and_by_name(tmp_path: Path) -> None:
    for name in ("images/val/a.png", "b.png", "c.v2.png"):
        save_image(tmp_path / name, np.zeros((2, 2)))
    found = find_label_maps(tmp_path, ["images/val/a.jpg", "images/val/b.jpg", "c.v2.jpeg"])
    assert [file.relative_to(tmp_path).as_posix() for file in found.files] == ["images/val/a.png", "b.png", "c.v2.png"]


def test_the_image_s_own_path_goes_before_its_name(tmp_path: Path) -> None:
    for name in ("one/a.png", "two/a.png", "a.png"):
        save_image(tmp_path / name, np.zeros((2, 2)))
    found = find_label_maps(tmp_path, ["one/a.jpg", "two/a.jpg"])
    assert found.files == (tmp_path / "one/a.png", tmp_path / "two/a.png")


def test_two_images_cannot_have_one_prediction(tmp_path: Path) -> None:
    save_image(tmp_path / "a.png", np.zeros((2, 2)))
    with pytest.raises(DataError, match=r"a.png would be the prediction of both one/a.jpg and two/a.jpg"):
        find_label_maps(tmp_path, ["one/a.jpg", "two/a.jpg"])
    assert len(find_label_maps(tmp_path, ["one/a.jpg", "one/a.jpg"])) == 2


def test_an_absolute_path_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    """Beside the image lies the mask: taking it for the prediction would make any method perfect."""
    save_image(tmp_path / "data/a.png", np.zeros((2, 2)))
    (tmp_path / "predictions").mkdir()
    with pytest.raises(DataError, match="has no prediction of"):
        find_label_maps(tmp_path / "predictions", [str(tmp_path / "data/a.jpg")])


def test_a_missing_prediction_or_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no prediction of images/a.jpg: expected .*images/a.png or .*a.png"):
        find_label_maps(tmp_path, ["images/a.jpg"])
    with pytest.raises(DataError, match=r"No folder of predictions at .*nothing"):
        find_label_maps(tmp_path / "nothing", ["a.jpg"])


def test_a_name_that_no_file_can_have_has_no_prediction(tmp_path: Path) -> None:
    for name in ("x" * 300 + ".jpg", "a\0b.jpg"):
        with pytest.raises(DataError, match="has no prediction of"):
            find_label_maps(tmp_path, [name])
