"""YAML: numbers as people write them, and errors that name the file."""

import os
from pathlib import Path

import pytest
import yaml

from pixcon_train.core import yaml_files
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.yaml_files import dump_yaml, parse_yaml, read_yaml_mapping


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


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{before}'] * 10)}]\n" for before, key in zip("abcdefgh", "bcdefghi", strict=True)
)
"""10^9 values where aliases are written out."""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "9" * 10_000, "not valid YAML"),
        ("a: 2001-99-99", "not valid YAML: month must be"),
        ("a: !!int abc", "not valid YAML"),
        ("a: !!timestamp x", "not valid YAML"),
        ("? [a]\n: b", "a key is a list or a mapping"),
        ("? {a: b}\n: b", "a key is a list or a mapping"),
        ("[" * 2000, "nested more than 50 levels deep"),
        ("{a: " * 2000 + "1" + "}" * 2000, "nested more than 50 levels deep"),
        ("- " * 4_000, "nested too deeply"),
        ("a: " + "9" * 10_000, "a number has 10,000 digits, expected at most 100"),
        ("a: 0x" + "f" * 40_000, "a number has 40,002 digits, expected at most 100"),
        (BOMB, "more than 100,000 values"),
        ("a: &a [*a]", "not valid YAML"),
        ("a: '" + "x" * 100_000 + "'", "100,005 characters"),
        ("a: \0", "not valid YAML"),
    ],
    ids=range(15),
)
def test_hostile_text_is_one_message(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_yaml(text, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml ")


def test_a_key_is_looked_for_in_no_list_of_keys() -> None:
    """With thousands of keys, comparing each with all before it takes minutes."""
    compared = 0

    class Key(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    class Loader(yaml_files._Loader):
        pass

    Loader.add_constructor("tag:yaml.org,2002:str", lambda loader, node: Key(node.value))
    assert len(yaml.load("\n".join(f"key{i}: 1" for i in range(500)), Loader=Loader)) == 500
    assert compared < 500


def test_an_alias_is_a_value_again() -> None:
    assert parse_yaml("a: &x [1, 2]\nb: *x", "mine.yaml") == {"a": [1, 2], "b": [1, 2]}


def test_plain_words_can_be_taken_as_text() -> None:
    text = "classes: [no, 0, 010, 1e-3, ~, 2001-99-99, 'a b']"
    assert parse_yaml(text, "test", as_text=True)["classes"] == ["no", "0", "010", "1e-3", "~", "2001-99-99", "a b"]


def test_other_encodings_of_a_file(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "mine.yaml").write_text("name: Straße\n", encoding=encoding)
        assert read_yaml_mapping(tmp_path / "mine.yaml") == {"name": "Straße"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match=r"pipe\.yaml cannot be read: not a regular file"):
        read_yaml_mapping(tmp_path / "pipe.yaml")


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    assert read_yaml_mapping(tmp_path / "empty.yaml") == {}


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_yaml_mapping(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"not text in UTF-8 or UTF-16 .*; save it as UTF-8"):
        read_yaml_mapping(tmp_path / "binary.yaml")


def test_what_is_written_reads_back() -> None:
    value = {"lr": 5e-6, "one": 1.0, "name": "1e-3", "nested": {"none": None, "list": [1, "é"]}}
    assert parse_yaml(dump_yaml(value), "copy") == value
