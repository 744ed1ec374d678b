"""Reading text that others wrote, in the encodings they write it in."""

import codecs
import json
import os
from pathlib import Path

import pytest

from pixcon_train.core.files import (
    file_stem,
    open_regular,
    read_json,
    read_text,
    split_lines,
    to_json,
    write_json,
    write_text,
)

TEXT = "img/Straße.png ann/道路.png\nb.png\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF16_LE + TEXT.replace("\n", "\r\n").encode("utf-16-le"),
        TEXT.replace("\n", "\r\n").encode("utf-8"),
        TEXT.replace("\n", "\r").encode("utf-8"),
    ],
)
def test_every_encoding_and_line_end_gives_the_same_text(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "list.txt").write_bytes(content)
    assert read_text(path) == TEXT


def test_an_empty_file_is_empty_text(tmp_path: Path) -> None:
    for content in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE):
        (path := tmp_path / "list.txt").write_bytes(content)
        assert read_text(path) == ""


@pytest.mark.parametrize("content", [b"\xff\x00", "Straße".encode("latin-1"), codecs.BOM_UTF16_LE + b"a"])
def test_other_encodings_are_an_error(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(UnicodeDecodeError):
        read_text(path)


def test_only_a_line_feed_ends_a_line() -> None:
    separators = [chr(code) for code in range(0x110000) if len(f"a{chr(code)}b".splitlines()) > 1]
    assert {"\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"} < set(separators)
    for separator in separators:
        assert split_lines(f"a{separator}b\nc\n") == (["a", "b", "c"] if separator == "\n" else [f"a{separator}b", "c"])
    assert split_lines("") == [] and split_lines("a\n\nb") == ["a", "", "b"]


def test_names_that_are_no_text_are_written_and_read_again(tmp_path: Path) -> None:
    """A folder named in Latin-1 is a lone surrogate in Python."""
    value = {"caf\udce9": ["Straße", "道", "a\udce9\\udce9"]}
    write_json(path := tmp_path / "value.json", value)
    assert json.loads(path.read_text(encoding="utf-8")) == value
    assert json.loads(to_json(value).encode()) == json.loads(to_json(value, ascii_only=True)) == value
    write_text(path, "root: caf\udce9\n")
    assert path.read_text(encoding="utf-8") == "root: caf\\udce9\n"
    assert file_stem("a/caf\udce9.png") == "caf\udce9"


def test_a_long_name_is_cut_and_stays_different_from_others() -> None:
    assert file_stem("a/b.v2.jpg") == "b.v2"
    assert file_stem("x" * 200 + ".jpg") == "x" * 200
    for letter in "xñ道":
        stems = {file_stem(letter * (240 // len(letter.encode())) + end + ".jpg") for end in "12"}
        assert len(stems) == 2 and all(195 <= len(stem.encode()) <= 200 for stem in stems)


def test_a_text_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (path := tmp_path / "sparse.txt").open("wb") as file:
        file.truncate(2**34)
    with pytest.raises(OSError, match=r"it has 17,179,869,184 bytes, and at most 80,000,000 are read"):
        read_text(path)
    path.write_text("a\n" * 5, encoding="utf-8")
    monkeypatch.setattr("pixcon_train.core.files.MOST_LINES", 4)
    with pytest.raises(OSError, match="it has 5 lines, and at most 4 are read"):
        read_text(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_only_a_regular_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "zeros"):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path / name)
    for name in ("a\0b", "a\ud800", "a" * 300, "missing", "."):
        with pytest.raises(OSError):
            open_regular(tmp_path / name)


@pytest.mark.parametrize("text", ["", "[" * 100_000, "9" * 5_000, "{'a': 1}", "\ufeff\ufeff1"])
def test_text_that_is_no_json_is_one_class_of_error(tmp_path: Path, text: str) -> None:
    (path := tmp_path / "value.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):
        read_json(path)


def test_a_file_of_the_longest_name_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / ("w" * 251 + ".txt"), "a")
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]
