"""Images and masks from disk: values, encodings, and every way a file can be wrong."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_train.core.errors import DataError
from pixcon_train.data.masks import read_indices
from pixcon_train.data.reading import INVALID, detect_encoding, lookup, read_mask, read_pair
from pixcon_train.data.specs import get_spec
from tests.pixcon_train.data.files import THREE, numbered, save_image


def test_a_mask_is_its_values_with_void_brought_to_255(tmp_path: Path) -> None:
    path = save_image(tmp_path / "a.png", np.array([[0, 1, 2], [255, 2, 0]]))
    assert read_mask(path, THREE, "index").tolist() == [[0, 1, 2], [255, 2, 0]]
    camvid = save_image(tmp_path / "b.png", np.array([[0, 10, 11]]))
    assert read_mask(camvid, get_spec("camvid"), "index").tolist() == [[0, 10, 255]]


def test_what_stored_values_mean() -> None:
    ade = get_spec("ade20k")
    raw, shifted = lookup(ade, "raw"), lookup(ade, "shifted")
    assert (raw[0], raw[1], raw[150], raw[151], raw[255]) == (255, 0, 149, INVALID, INVALID)
    assert (shifted[0], shifted[149], shifted[150], shifted[255]) == (0, 149, INVALID, 255)


@pytest.mark.parametrize(
    ("dataset", "encoding", "values", "words"),
    [
        ("pascal", "index", [0, 21], ("holds the value 21", "pascal", "0..20, or 255 for void", "right --dataset")),
        ("pascal", "index", [40, 30], ("holds the values 30, 40,",)),
        ("camvid", "index", [0, 255], ("the value 255", "0..10, or 11 for void")),
        ("cityscapes", "index", [7, 26, 33], ("26, 33", "labelIds", "_labelTrainIds.png")),
        ("ade20k", "shifted", [0, 150], ("the value 150", "--labels raw")),
        ("ade20k", "raw", [0, 255], ("the value 255", "1..150, or 0 for other", "--labels shifted")),
        ("pascal", "index", list(range(100, 120)), ("100, 101, 102, 103, 104, 105, 106, 107, …",)),
    ],
)
def test_values_that_are_no_label(
    tmp_path: Path, dataset: str, encoding: str, values: list[int], words: tuple[str, ...]
) -> None:
    path = save_image(tmp_path / "a.png", np.array([values]))
    with pytest.raises(DataError) as caught:
        read_mask(path, get_spec(dataset), encoding)  # type: ignore[arg-type]
    assert [word for word in (str(path), *words) if word not in str(caught.value)] == []


def test_a_pair_of_different_sizes(tmp_path: Path) -> None:
    image = save_image(tmp_path / "a.jpg", np.zeros((4, 6, 3)))
    mask = save_image(tmp_path / "a.png", np.zeros((4, 5)))
    with pytest.raises(DataError, match=r"a\.jpg is 6×4 pixels but its mask .*a\.png is 5×4"):
        read_pair(image, mask, THREE, "index")
    save_image(mask, np.ones((4, 6)))
    pixels, labels = read_pair(image, mask, THREE, "index")
    assert pixels.shape == (4, 6, 3) and labels.tolist() == [[1] * 6] * 4


def ade_masks(folder: Path, *masks: list[int]) -> list[Path]:
    return [save_image(folder / f"{i}.png", np.array([mask])) for i, mask in enumerate(masks)]


@pytest.mark.parametrize(
    ("masks", "encoding"),
    [
        ([[0, 3, 12]], "raw"),
        ([[0, 3], [150, 2]], "raw"),
        ([[0, 3], [2, 255]], "shifted"),
        ([[149, 255]], "shifted"),
        ([[150, 0], [255, 0]], "raw"),  # a mixture: the first mask that can tell decides, the check names the other
        ([], "raw"),
    ],
)
def test_ade20k_forms_are_told_apart(tmp_path: Path, masks: list[list[int]], encoding: str) -> None:
    assert detect_encoding(get_spec("ade20k"), ade_masks(tmp_path, *masks)) == encoding


def test_masks_are_looked_at_no_further_than_needed(tmp_path: Path) -> None:
    paths = [*ade_masks(tmp_path, [0, 255]), tmp_path / "none.png"]
    assert detect_encoding(get_spec("ade20k"), paths) == "shifted"
    assert detect_encoding(get_spec("pascal"), [tmp_path / "none.png"]) == "index"


@pytest.mark.reference
def test_official_ade20k_masks(reference: Path) -> None:
    spec, root = get_spec("ade20k"), reference / "data/ade20k_raw"
    paths = sorted((root / "annotations/validation").glob("*.png"))
    assert len(paths) == 3
    assert detect_encoding(spec, paths) == "raw"
    for path in paths:
        labels, stored = read_mask(path, spec, "raw"), read_indices(path).astype(int)
        assert np.array_equal(labels == 255, stored == 0)
        assert np.array_equal(labels[labels != 255].astype(int) + 1, stored[stored != 0])
    everything = np.unique(np.concatenate([read_mask(path, spec, "raw").ravel() for path in paths])).tolist()
    assert "sky" in [spec.classes[k] for k in everything if k != 255]


@pytest.mark.reference
def test_pascal_masks_carry_the_palette_of_the_specification(reference: Path) -> None:
    spec, root = get_spec("pascal"), reference / "data/voc_animals/SegmentationClass"
    with Image.open(sorted(root.glob("*.png"))[0]) as mask:
        stored = mask.getpalette() or []
    colors = [tuple(stored[3 * k : 3 * k + 3]) for k in range(spec.num_classes)]
    assert colors == list(spec.palette)


@pytest.mark.reference
def test_camvid_classes_lie_where_they_should(reference: Path) -> None:
    """Sky above trees above roads: a wrong order of the classes would show."""
    spec, paths = get_spec("camvid"), sorted((reference / "data/camvid/valannot").glob("*.png"))[::10]
    masks = np.stack([read_mask(path, spec, "index") for path in paths])
    rows = {name: (masks == k).nonzero()[1].mean() for k, name in enumerate(spec.classes)}
    assert rows["sky"] < rows["tree"] < rows["car"] < rows["road"]
    assert {255} < set(np.unique(masks).tolist()) <= {255, *range(11)}


@pytest.mark.parametrize(("count", "void"), [(1, 255), (2, 255), (255, 255), (256, 65535), (300, 65535), (1000, 65535)])
def test_masks_of_any_number_of_classes(tmp_path: Path, count: int, void: int) -> None:
    rng = np.random.default_rng(count)
    labels = rng.integers(count, size=(20, 30))
    labels[0] = count - 1
    unknown = rng.random(labels.shape) < 0.2
    assert numbered(count).void == void
    for stored in {void, void - 1} - set(range(count)):
        save_image(tmp_path / "a.png", np.where(unknown, stored, labels))
        read = read_mask(tmp_path / "a.png", numbered(count, void=stored), "index")
        assert (read == np.where(unknown, void, labels)).all()
        assert read.dtype == (np.uint8 if count <= 255 else np.int32)
    save_image(tmp_path / "a.png", np.where(unknown, 0, labels + 1))
    assert (read_mask(tmp_path / "a.png", numbered(count, void=0), "raw") == np.where(unknown, void, labels)).all()


@pytest.mark.parametrize(
    ("count", "values", "message"),
    [
        (300, np.uint8([[0, 255]]), r"mask\.png is of 8 bits or less, .*Save the mask as a PNG file of 16 bits"),
        (300, np.uint16([[0, 300]]), r"mask\.png holds the value 300, .*expected 0\.\.299, or 65535 for void"),
        (300, np.int32([[0, 65536]]), r"mask\.tif holds the value 65536\. Expected labels of two bytes, 0\.\.65535\.$"),
        (300, np.int32([[0, -1]]), r"holds the value -1\. .*two bytes.* save the void value of the data set \(65535 "),
        (255, np.uint16([[0, 65535]]), r"mask\.png holds the value 65535\. Expected labels of one byte, 0\.\.255\.$"),
        (1, np.uint8([[0, 1]]), r"holds the value 1, .*expected 0\.\.0, .*name the background too"),
    ],
)
def test_masks_of_other_bits_or_values(tmp_path: Path, count: int, values: np.ndarray, message: str) -> None:
    path = tmp_path / ("mask.tif" if values.dtype == np.int32 else "mask.png")
    Image.fromarray(values).save(path)
    with pytest.raises(DataError, match=message):
        read_mask(path, numbered(count), "index")
