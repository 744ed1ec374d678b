"""Masks of colours and of other values become masks of labels, and nothing is guessed or overwritten."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.data.mask_conversion import (
    RECORD,
    Conversion,
    by_color,
    by_value,
    color_conversion,
    convert_folder,
    parse_changes,
    parse_colors,
    stored_palette,
    value_conversion,
)
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.data.reading import read_mask
from pixcon_train.data.specs import DatasetSpec, get_spec, voc_color, voc_palette
from tests.pixcon_train.data.files import THREE, numbered, save_image

OWN = DatasetSpec(name="own", classes=("soil", "maize"), palette=((120, 80, 40), (30, 160, 30)), void=7)


def colors(labels: np.ndarray, spec: DatasetSpec = OWN, void: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    table = np.array([*spec.palette, *[void] * (256 - len(spec.palette))], dtype=np.uint8)
    return table[labels]


def run(source: Path, target: Path, spec: DatasetSpec = OWN, **options: object) -> Conversion:
    how = color_conversion(spec, **options)  # type: ignore[arg-type]
    return convert_folder(source, target, by_color(spec, **options), stored_palette(spec), how)  # type: ignore[arg-type]


def test_colours_become_labels_pixel_by_pixel(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).choice([0, 1, 7], (9, 11)).astype(np.uint8)
    save_image(tmp_path / "rgb/a/x.png", colors(labels))
    save_image(tmp_path / "rgb/y.bmp", colors(labels[:4]))
    made = run(tmp_path / "rgb", tmp_path / "out", void_colors=[(0, 0, 0)])
    assert (made.converted, made.unchanged, made.left_out) == (2, 0, [])
    with Image.open(tmp_path / "out/a/x.png") as image:
        assert image.mode == "P" and (np.asarray(image) == labels).all()
        assert (np.asarray(image.convert("RGB")) == colors(labels)).all()
    read = read_mask(tmp_path / "out/y.png", OWN, "index")
    assert (read == np.where(labels[:4] == 7, 255, labels[:4])).all()


def test_where_zero_is_void_classes_are_written_from_one(tmp_path: Path) -> None:
    spec = OWN.model_copy(update={"void": 0})
    save_image(tmp_path / "rgb/a.png", colors(np.array([[0, 1, 2]]), spec))
    run(tmp_path / "rgb", tmp_path / "out", spec, void_colors=[(0, 0, 0)])
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[1, 2, 0]]
    assert read_mask(tmp_path / "out/a.png", spec, "raw").tolist() == [[0, 1, 255]]


def test_pascal_s_colours_with_its_void(tmp_path: Path) -> None:
    save_image(tmp_path / "rgb/a.png", np.array([[voc_palette(256)[k] for k in (0, 20, 255)]]))
    run(tmp_path / "rgb", tmp_path / "out", get_spec("pascal"))
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[0, 20, 255]]


def test_unknown_colours_are_counted_and_not_written(tmp_path: Path) -> None:
    pixels = colors(np.zeros((2, 10), dtype=np.uint8))
    save_image(tmp_path / "rgb/good.png", pixels)
    pixels[0, :3], pixels[1, 0] = (1, 2, 3), (4, 5, 6)
    save_image(tmp_path / "rgb/a.png", pixels)
    save_image(tmp_path / "rgb/b.png", pixels)
    made = run(tmp_path / "rgb", tmp_path / "out")
    assert made.converted == 1 and [path.name for path in (tmp_path / "out").glob("*.png")] == ["good.png"]
    assert made.unknown == {(1, 2, 3): 6, (4, 5, 6): 2} and made.files == {(1, 2, 3): 2, (4, 5, 6): 2}
    with pytest.raises(DataError) as caught:
        made.raise_for_colors("own")
    words = ("2 masks", "a.png for one", "(1, 2, 3) in 2 masks, 10.00 % of all pixels", "--void-color 1,2,3")
    assert [word for word in words if word not in str(caught.value)] == []


def test_inexact_colours_only_where_that_is_allowed(tmp_path: Path) -> None:
    labels = np.array([[0, 1, 1, 0]])
    save_image(tmp_path / "rgb/a.png", colors(labels).astype(int) + np.array([5, -5, 4]))
    assert run(tmp_path / "rgb", tmp_path / "four", tolerance=4).left_out
    assert run(tmp_path / "rgb", tmp_path / "five", tolerance=5).converted == 1
    assert np.asarray(Image.open(tmp_path / "five/a.png")).tolist() == labels.tolist()


@pytest.mark.parametrize("alpha", [0, 128])
def test_a_transparent_pixel_is_no_class(tmp_path: Path, alpha: int) -> None:
    pixels = np.dstack([colors(np.array([[0, 1, 1]])), [[255, 255, 255]]])
    save_image(tmp_path / "rgb/a.png", pixels)
    assert run(tmp_path / "rgb", tmp_path / "out").converted == 1
    pixels[0, 2, 3] = alpha
    save_image(tmp_path / "rgb/a.png", pixels)
    with pytest.raises(DataError, match=r"a\.png has 1 transparent pixels"):
        run(tmp_path / "rgb", tmp_path / "out")
    indexed = Image.fromarray(np.array([[0, 1]], dtype=np.uint8))
    indexed.putpalette([part for color in OWN.palette for part in color])
    indexed.save(tmp_path / "rgb/a.png", transparency=1)
    with pytest.raises(DataError, match=r"a\.png has 1 transparent pixels"):
        run(tmp_path / "rgb", tmp_path / "out")


def test_a_colour_that_stands_for_two_things() -> None:
    with pytest.raises(ConfigError, match="of road and skyscraper in ade20k has two meanings"):
        by_color(get_spec("ade20k"))
    with pytest.raises(ConfigError, match="of soil in own"):
        by_color(OWN, [(120, 80, 40)])


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_image(tmp_path / f"rgb/{name}.png", colors(np.array([[0, 1]])))
    run(tmp_path / "rgb", tmp_path / "out")
    (tmp_path / "out/b.png").unlink()
    (tmp_path / f"out/.b.png.{os.getpid()}.tmp").touch()
    steps: list[tuple[int, int]] = []
    how, palette = color_conversion(OWN), stored_palette(OWN)
    made = convert_folder(
        tmp_path / "rgb", tmp_path / "out", by_color(OWN), palette, how, lambda *step: steps.append(step)
    )
    assert not list((tmp_path / "out").glob("*.tmp"))
    assert (made.converted, made.unchanged) == (1, 1) and steps == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("seconds", [-1000, 1000])
def test_a_mask_that_has_changed_is_converted_again(tmp_path: Path, seconds: int) -> None:
    for name in ("a", "b"):
        save_image(tmp_path / f"rgb/{name}.png", colors(np.array([[0, 1]])))
    run(tmp_path / "rgb", tmp_path / "out")
    time = (tmp_path / "out/a.png").stat().st_mtime_ns + seconds * 10**9
    save_image(tmp_path / "rgb/a.png", colors(np.array([[1, 1]])))
    os.utime(tmp_path / "rgb/a.png", ns=(time, time))
    made = run(tmp_path / "rgb", tmp_path / "out")
    assert (made.converted, made.unchanged) == (1, 1)
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[1, 1]]
    save_image(tmp_path / "rgb/a.png", np.array([[[1, 2, 3]]]))
    assert run(tmp_path / "rgb", tmp_path / "out").left_out
    assert not (tmp_path / "out/a.png").exists()  # was another mask


def test_a_folder_holds_masks_of_one_conversion(tmp_path: Path) -> None:
    save_image(tmp_path / "in/a.png", np.array([[0, 1]]))

    def shifted(shift: int, out: str) -> Conversion:
        how = value_conversion((), shift)
        return convert_folder(tmp_path / "in", tmp_path / out, by_value((), shift), voc_palette(256), how)

    shifted(1, "out")
    assert shifted(1, "out").unchanged == 1
    with pytest.raises(ConfigError, match=r"converted in another way: --shift 1; now it would be --shift 2"):
        shifted(2, "out")
    (tmp_path / "out" / RECORD).write_text("[]")
    with pytest.raises(ConfigError, match="does not record how"):
        shifted(1, "out")
    save_image(tmp_path / "other/a.png", np.array([[0, 1]]))
    with pytest.raises(ConfigError, match=r"a\.png exists already, and no \.convert-masks\.json"):
        shifted(1, "other")
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[1, 2]]


def test_nothing_in_the_folder_is_overwritten(tmp_path: Path) -> None:
    save_image(tmp_path / "rgb/a.png", colors(np.array([[0, 1]])))
    for target in (tmp_path / "rgb", tmp_path / "rgb/deep/out"):
        with pytest.raises(ConfigError, match="Choose a folder beside it"):
            run(tmp_path / "rgb", target)
    save_image(tmp_path / "m/m/a.png", colors(np.array([[0, 1]])))
    save_image(tmp_path / "m/a.png", colors(np.array([[0, 1]])))
    with pytest.raises(ConfigError, match=r"m/a\.png is one of the masks, and would be overwritten"):
        run(tmp_path / "m", tmp_path)


def test_two_masks_of_one_name(tmp_path: Path) -> None:
    for name in ("a.png", "a.bmp"):
        save_image(tmp_path / f"rgb/{name}", colors(np.array([[0, 1]])))
    with pytest.raises(DataError, match=r"a\.bmp and .*a\.png would both become"):
        run(tmp_path / "rgb", tmp_path / "out")


def test_a_folder_that_is_empty_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no masks"):
        (tmp_path / "empty").mkdir()
        run(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(DataError, match="No folder of masks at"):
        run(tmp_path / "none", tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "shift", "values"),
    [
        ([(255, 1)], 0, [0, 1, 2, 127, 254, 1]),
        ([], -1, [255, 0, 1, 126, 253, 255]),
        ([], 1, [1, 2, 3, 128, 255, 255]),
        ([(127, 1), (255, 2)], 0, [0, 1, 2, 1, 254, 2]),
    ],
)
def test_labels_are_changed_by_value(
    tmp_path: Path, changes: list[tuple[int, int]], shift: int, values: list[int]
) -> None:
    save_image(tmp_path / "in/a.png", np.array([[0, 1, 2, 127, 254, 255]]))
    convert_folder(tmp_path / "in", tmp_path / "out", by_value(changes, shift), voc_palette(256), "")
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [values]


def test_colours_have_no_values_to_change(tmp_path: Path) -> None:
    save_image(tmp_path / "in/a.png", np.zeros((2, 2, 3)))
    with pytest.raises(DataError, match="is a colour image"):
        convert_folder(tmp_path / "in", tmp_path / "out", by_value([(255, 1)]), voc_palette(256), "")


def test_options_as_text() -> None:
    assert parse_changes(["255=1", "9 = 255"]) == [(255, 1), (9, 255)]
    assert parse_colors(["1,2,3"]) == [(1, 2, 3)]
    for text in ("255", "256=1", "a=1", "1=2=3", "-1=0"):
        with pytest.raises(ConfigError, match="--map is"):
            parse_changes([text])
    with pytest.raises(ConfigError, match=r"--void-color is '1,2'; expected R,G,B"):
        parse_colors(["1,2"])


def test_three_classes_with_their_usual_palette_keep_void(tmp_path: Path) -> None:
    save_image(tmp_path / "rgb/a.png", np.array([[voc_palette(256)[k] for k in (0, 1, 2, 255)]]))
    run(tmp_path / "rgb", tmp_path / "out", THREE)
    assert read_mask(tmp_path / "out/a.png", THREE, "index").tolist() == [[0, 1, 2, 255]]


def test_black_is_void_in_the_usual_palette_where_zero_is_void(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("classes: [soil, maize]\nvoid: 0\n")
    spec = get_spec(str(tmp_path / "own.yaml"))
    save_image(tmp_path / "rgb/a.png", np.array([[voc_palette(256)[k] for k in (0, 1, 2)]]))
    run(tmp_path / "rgb", tmp_path / "out", spec)
    assert np.asarray(Image.open(tmp_path / "out/a.png")).tolist() == [[0, 1, 2]]
    assert read_mask(tmp_path / "out/a.png", spec, "raw").tolist() == [[255, 0, 1]]


def test_colours_of_more_than_255_classes(tmp_path: Path) -> None:
    """Void has the colour of 65535, and 255 is a class."""
    spec = numbered(300)
    labels = np.array([[0, 255, 256, 299]])
    pixels = np.array([[*(voc_color(k) for k in labels[0].tolist()), voc_color(65535)]])
    save_image(tmp_path / "rgb/a.png", pixels)
    made = convert_folder(tmp_path / "rgb", tmp_path / "out", by_color(spec), stored_palette(spec), "")
    assert made.converted == 1 and Image.open(tmp_path / "out/a.png").mode == "I;16"
    assert read_mask(tmp_path / "out/a.png", spec, "index").tolist() == [[*labels[0].tolist(), 65535]]
