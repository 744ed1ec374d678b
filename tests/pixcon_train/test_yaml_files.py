"""YAML: numbers as people write them, and errors that name the file."""

from pathlib import Path

import pytest

from pixcon_train.errors import ConfigError
from pixcon_train.yaml_files import dump_yaml, parse_yaml, read_yaml_mapping


@pytest.mark.parametrize(
    ("text", "value"),
    [("5e-6", 5e-6), ("1e3", 1000.0), ("-.5", -0.5), ("3", 3), ("1.0", 1.0), ("v1", "v1"), ("true", True), ("~", None)],
)
def test_scalars(text: str, value: object) -> None:
    found = parse_yaml(text, "test")
    assert found == value
    assert type(found) is type(value)


def test_a_key_given_twice_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'epochs' is given twice"):
        parse_yaml("epochs: 1\nepochs: 2\n", "mine.yaml")


def test_objects_are_not_built() -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml is not valid YAML"):
        parse_yaml("!!python/object/apply:os.system ['true']", "mine.yaml")


@pytest.mark.parametrize(
    ("text", "words"), [("a: [1", "not valid YAML"), ("- 1", "holds a list"), ("3", "holds a int")]
)
def test_a_broken_file_is_one_message(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        read_yaml_mapping(path)
    assert str(path) in str(caught.value)


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    assert read_yaml_mapping(tmp_path / "empty.yaml") == {}


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_yaml_mapping(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a text file"):
        read_yaml_mapping(tmp_path / "binary.yaml")


def test_what_is_written_reads_back() -> None:
    value = {"lr": 5e-6, "one": 1.0, "name": "1e-3", "nested": {"none": None, "list": [1, "é"]}}
    assert parse_yaml(dump_yaml(value), "copy") == value
