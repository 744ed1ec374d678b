"""Data set specifications: the built-in tables, a user's own file, and what is wrong with one."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pixcon_train.config.resolve import preset_names, read_preset
from pixcon_train.core.errors import ConfigError
from pixcon_train.data.specs import DatasetSpec, builtin_names, get_spec, spec_for_class_count, voc_color, voc_palette

COUNTS = {"pascal": 21, "cityscapes": 19, "ade20k": 150, "coco": 81, "camvid": 11, "digits": 11}


def test_the_built_in_data_sets() -> None:
    assert builtin_names() == sorted(COUNTS)
    assert {name: get_spec(name).num_classes for name in COUNTS} == COUNTS


@pytest.mark.parametrize(
    ("name", "label", "class_name", "color"),
    [
        ("pascal", 0, "background", (0, 0, 0)),
        ("pascal", 8, "cat", (64, 0, 0)),
        ("pascal", 15, "person", (192, 128, 128)),
        ("pascal", 20, "tvmonitor", (0, 64, 128)),
        ("cityscapes", 0, "road", (128, 64, 128)),
        ("cityscapes", 11, "person", (220, 20, 60)),
        ("cityscapes", 18, "bicycle", (119, 11, 32)),
        ("ade20k", 0, "wall", (120, 120, 120)),
        ("ade20k", 2, "sky", (6, 230, 230)),
        ("ade20k", 12, "person", (150, 5, 61)),
        ("ade20k", 149, "flag", (92, 0, 255)),
        ("coco", 1, "person", (128, 0, 0)),
        ("coco", 80, "toothbrush", (32, 64, 0)),
        ("camvid", 3, "road", (128, 64, 128)),
        ("camvid", 10, "bicyclist", (0, 128, 192)),
        ("digits", 1, "zero", (230, 159, 0)),
    ],
)
def test_names_and_colours_stand_at_their_labels(
    name: str, label: int, class_name: str, color: tuple[int, int, int]
) -> None:
    spec = get_spec(name)
    assert (spec.classes[label], spec.palette[label]) == (class_name, color)


@pytest.mark.parametrize("name", COUNTS)
def test_every_class_has_one_colour(name: str) -> None:
    spec = get_spec(name)
    assert len(spec.palette) == spec.num_classes
    # ADE20K's own table gives `road` and `skyscraper` the same gray.
    assert len(set(spec.palette)) == spec.num_classes - (name == "ade20k")


@pytest.mark.parametrize("name", COUNTS)
def test_every_preset_has_the_recipe_of_every_data_set(name: str) -> None:
    assert [preset for preset in preset_names() if get_spec(name).recipe not in read_preset(preset)["recipes"]] == []


def test_conventions_of_the_releases() -> None:
    assert {name: get_spec(name).void for name in COUNTS} == dict.fromkeys(COUNTS, 255) | {"camvid": 11}
    with_background = {name for name in COUNTS if get_spec(name).background == 0}
    assert with_background == {"pascal", "coco", "digits"}
    base = {name: get_spec(name).base_size for name in ("pascal", "cityscapes", "ade20k")}
    assert base == {"pascal": 400, "cityscapes": 2048, "ade20k": 520}
    sliding = {name: get_spec(name).window_crop for name in COUNTS if get_spec(name).evaluation == "sliding"}
    assert sliding == {"cityscapes": 798}


def test_foreground_leaves_the_background_out() -> None:
    assert get_spec("pascal").foreground == tuple(range(1, 21))
    assert get_spec("cityscapes").foreground == tuple(range(19))


def test_the_class_count_tells_a_public_data_set() -> None:
    found = {count: spec_for_class_count(count) for count in (21, 19, 150, 81, 11, 12)}
    assert {count: spec and spec.name for count, spec in found.items()} == {
        21: "pascal",
        19: "cityscapes",
        150: "ade20k",
        81: "coco",
        11: "camvid",
        12: None,
    }


@pytest.mark.parametrize("name", COUNTS)
def test_a_specification_survives_json(name: str) -> None:
    spec = get_spec(name)
    assert DatasetSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_stored_description_that_is_none() -> None:
    with pytest.raises(ConfigError, match="the stored data set description does not describe a data set: `classes`"):
        DatasetSpec.from_dict({"name": "x", "palette": "voc"})


def test_a_specification_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        get_spec("pascal").void = 0  # type: ignore[misc]


def test_pascal_colours_by_hand() -> None:
    assert voc_palette(9) == [
        (0, 0, 0),
        (128, 0, 0),
        (0, 128, 0),
        (128, 128, 0),
        (0, 0, 128),
        (128, 0, 128),
        (0, 128, 128),
        (128, 128, 128),
        (64, 0, 0),
    ]
    assert len(set(voc_palette(256))) == 256


@pytest.mark.parametrize(("wrong", "near"), [("pascla", "pascal"), ("cityscape", "cityscapes"), ("ADE20k", "ade20k")])
def test_an_unknown_name_comes_with_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(ConfigError, match=f"'{wrong}' .did you mean '{near}'"):
        get_spec(wrong)


def test_a_name_like_no_other_gets_no_guess() -> None:
    with pytest.raises(ConfigError, match=r"built in are ade20k, .*path of a YAML file") as caught:
        get_spec("zzz")
    assert "did you mean" not in str(caught.value)


def write(folder: Path, text: str) -> str:
    path = folder / "farm.yaml"
    path.write_text(text)
    return str(path)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    spec = get_spec(write(tmp_path, "classes: [grass, cow]\nvoid: 7\nval_list: lists/val.txt\n"))
    assert (spec.name, spec.classes, spec.void, spec.val_list) == ("farm", ("grass", "cow"), 7, "lists/val.txt")
    assert spec.palette == ((0, 0, 0), (128, 0, 0))  # Pascal VOC's, where the file names none
    assert spec.background is None and spec.recipe == "small"


def test_names_are_taken_as_they_are_written(tmp_path: Path) -> None:
    spec = get_spec(write(tmp_path, "classes:\n- no\n- yes\n- 0\n- 1.50\n- null\n"))
    assert spec.classes == ("no", "yes", "0", "1.50", "null")


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "farm.yaml").write_text("classes: [Straße, 道路]\n", encoding="utf-16")
    assert get_spec(str(tmp_path / "farm.yaml")).classes == ("Straße", "道路")


def test_void_zero_puts_the_classes_behind_it(tmp_path: Path) -> None:
    spec = get_spec(write(tmp_path, "classes: [building, road, water]\nvoid: 0\n"))
    assert (spec.void, spec.first_label) == (0, 1)
    assert spec.palette == tuple(voc_palette(4)[1:])  # black is void
    assert get_spec("pascal").first_label == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("classes: [a, b]\npalete: voc", "unknown key 'palete' (did you mean 'palette'"),
        ("classes: [a, b]\ncolour: 1", "unknown key 'colour'"),
        ("void: 255", "`classes`: Field required"),
        ("classes: []", "`classes` has 0 names; expected 1 to 4,096"),
        (f"classes: {list(range(4097))}", "`classes` has 4,097 names; expected 1 to 4,096"),
        ("classes: [a, a]", "class names repeat"),
        ("classes: no", "`classes` is False"),
        ("classes: [a, [b]]", "`classes.1` is ['b']"),
        ("classes: [a, '']", "class 1 has no name"),
        ('classes: [a, "b\\uD800"]', "lone surrogate"),
        ("classes: [a, b]\ntitle: 2012", "`title` is 2012: Input should be a valid string. A text that YAML reads as"),
        ("clss: [a, b]", "unknown key 'clss' (did you mean 'classes'"),
        ("classes: [a, b]\nvoid: 1", "void is 1, which is also the label of class `b`. Expected a value that no class"),
        (f"classes: {list(range(256))}\nvoid: 255", "void is 255, which is also the label of class `255`. Expected a"),
        ("classes: [a, b]\nvoid: 256", "void is 256, but masks of 2 classes hold one byte, 0..255"),
        ("classes: [a, b]\nvoid: 65536", "`void` is 65536"),
        ("classes: [a, b]\nbackground: 2", "background is 2, but the labels are 0..1"),
        ("classes: [a, b]\npalette: [[0, 0, 0]]", "the palette has 1 colours for 2 classes"),
        ("classes: [a, b]\npalette: [[0, 0, 0], [0, 0, 256]]", "colours are triples of 0..255"),
        ("classes: [a, b]\nevaluation: sliding", "`evaluation: sliding` and `window_crop` go together"),
        ("classes: [a, b]\nevaluation: tiled", "`evaluation`"),
        ("classes: [a, b]\nclasses: [c, d]", "'classes' is given twice"),
        ("classes: [a", "not valid YAML"),
        ("- a", "holds a list"),
        ("", "holds a NoneType"),
    ],
)
def test_a_wrong_file_is_one_message(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        get_spec(write(tmp_path, text))
    assert words in str(caught.value) and "farm.yaml" in str(caught.value)


@pytest.mark.parametrize("count", [1, 2, 255, 256, 300, 1000, 4096])
def test_any_number_of_classes(tmp_path: Path, count: int) -> None:
    """The default void is no class, and its default colour is no class's; neither is left after the void value is 0."""
    names = ", ".join(f"c{label}" for label in range(count))
    spec = get_spec(write(tmp_path, f"classes: [{names}]"))
    assert (spec.num_classes, spec.void) == (count, 255 if count <= 255 else 65535)
    assert len({*spec.palette, voc_color(spec.void)}) == count + 1
    assert DatasetSpec.from_dict(spec.to_dict()).to_dict() == spec.to_dict()
    from_one = get_spec(write(tmp_path, f"classes: [{names}]\nvoid: 0"))
    assert len({*from_one.palette, voc_color(0)}) == count + 1 and from_one.first_label == 1


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No data set description at .*none\.yaml"):
        get_spec(str(tmp_path / "none.yaml"))
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.yml cannot be read"):
        get_spec(str(tmp_path / "binary.yml"))
