import argparse
import os
import pickle
from collections import OrderedDict, deque
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pixcon_train.core import torch_files, weight_files
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.files import sha256
from pixcon_train.core.pickle_values import Inert
from pixcon_train.core.weight_files import read_structure, read_weights
from tests.checkpoints import overwritten, refused, replaced


class RunsCode:
    """Restoring it makes a file: the sign that loading ran code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pth"
    torch.save({"weight": torch.arange(1000.0)}, path)
    return path


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_numpy_scalars_of_either_numpy_become_numbers(tmp_path: Path, module: bytes) -> None:
    """The module's name differs between NumPy 1 and 2; protocol 2 writes it as text, so either can be made here."""
    values = {"previous_best": np.float64(86.25), "epoch": 7, "count": np.int64(4), "w": torch.ones(2)}
    torch.save(values, path := tmp_path / "best.pth", _use_new_zipfile_serialization=False)
    written = np.float64(0).__reduce__()[0].__module__.encode()
    path.write_bytes(path.read_bytes().replace(b"c" + written + b"\n", b"c" + module + b"\n"))
    content = read_weights(path, allow_legacy=True).content
    assert (content["previous_best"], content["epoch"], content["count"]) == (86.25, 7, 4)
    assert type(content["previous_best"]) is float


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        (np.bool_(True), True),
        (np.int8(-3), -3),
        (np.uint16(3), 3),
        (np.int32(3), 3),
        (np.float16(50), 50.0),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.complex64(1j), 1j),
        (np.str_("exp"), "exp"),
        (np.bytes_(b"exp"), b"exp"),
    ],
)
def test_numpy_scalars_of_any_kind_become_python_s(tmp_path: Path, scalar: Any, expected: Any) -> None:
    torch.save({"value": scalar}, path := tmp_path / "best.pth")
    found = read_weights(path).content["value"]
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.datetime64("2020-01-01"), "numpy scalar of M8"),
        (np.zeros(1, "i4,f4")[0], "numpy scalar of V8"),
        (np.array(["a"]), "numpy._core.multiarray._reconstruct"),
        (argparse.Namespace(lr=1), "argparse.Namespace"),
        (PurePosixPath("a"), "pathlib.PurePosixPath"),
        (deque([1, 2]), "collections.deque"),
    ],
)
def test_other_objects_are_named_and_not_restored(tmp_path: Path, value: Any, name: str) -> None:
    torch.save({"value": value, "weight": torch.ones(2)}, path := tmp_path / "best.pth")
    read = read_weights(path)
    found = read.content["value"]
    assert isinstance(found, Inert) and found.name.replace("numpy.core", "numpy._core") == name
    assert [part.replace("numpy.core", "numpy._core") for part in read.inert] == [name]
    assert torch.equal(read.content["weight"], torch.ones(2))


@pytest.mark.parametrize(("as_zip", "protocol"), [(False, 2), (True, 2), (True, 3), (True, 4), (True, 5)])
def test_an_object_that_would_run_code_does_not(tmp_path: Path, as_zip: bool, protocol: int) -> None:
    sign, content = tmp_path / "ran", {"model": RunsCode(tmp_path / "ran")}
    path = tmp_path / "evil.pth"
    torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=as_zip)
    read = read_weights(path, allow_legacy=True)
    assert read.content["model"].name == "posix.mkdir" and read.inert == ("posix.mkdir",)
    assert not sign.exists()


def test_a_plain_pickle_that_would_run_code_does_not(tmp_path: Path) -> None:
    sign = tmp_path / "ran"
    (path := tmp_path / "evil.pkl").write_bytes(pickle.dumps({"model": RunsCode(sign)}))
    assert "not a checkpoint" in refused(path)
    assert not sign.exists()


@pytest.mark.parametrize("kept", [0.5, 0.98])
def test_a_truncated_file_says_so(good: Path, kept: float) -> None:
    data = good.read_bytes()
    good.write_bytes(data[: int(len(data) * kept)])
    assert "cut short or damaged" in refused(good)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 not a checkpoint", bytes(64)])
def test_something_else_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "notes.pth").write_bytes(content)
    assert "is not a checkpoint" in refused(path)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 391234567\n"


@pytest.mark.parametrize("name", ["best.pth", "best.safetensors"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (POINTER, "is a pointer of Git LFS to a file of 391,234,567 bytes, not the file. Fetch it with `git lfs pull`"),
        (
            b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title>",
            "is an HTML page with the title `Sign in`, not weights",
        ),
        (b"<html>", "is an HTML page, not weights"),
        (b"\x1f\x8b\x08\x00 more", "is an archive (gzip), not weights. Unpack it"),
        (b"Entry not found", "is a text that begins with `Entry not found`, not weights"),
        (b'{"error": "\xe9\x81\x93' + b"x" * 2_000, 'is a text that begins with `{"error": "道xxx'),
        (b"", "is empty"),
    ],
)
def test_what_a_failed_download_left_is_named(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (path := tmp_path / name).write_bytes(content)
    assert says in refused(path)


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    assert "No file at" in refused(tmp_path / "nothing.pth")
    assert "is a folder" in refused(tmp_path)
    (path := tmp_path / "empty.pth").touch()
    assert "is empty" in refused(path)


@pytest.mark.parametrize("record", ["data.pkl", "data/0", "version"])
def test_a_zip_that_lacks_a_record_is_not_called_whole(good: Path, record: str) -> None:
    path = good.with_name("other.pth")
    with ZipFile(good) as old, ZipFile(path, "w") as new:
        for entry in old.infolist():
            if not entry.filename.endswith(f"good/{record}"):
                new.writestr(entry.filename, old.read(entry))
    message = refused(path)
    assert "lacks records" in message and record in message and "whole" not in message


def test_a_zip_whose_record_is_too_short_is_not_called_whole(good: Path) -> None:
    path = good.with_name("other.pth")
    with ZipFile(good) as old, ZipFile(path, "w") as new:
        for entry in old.infolist():
            content = bytes(40) if entry.filename.endswith("data/0") else old.read(entry)
            new.writestr(entry.filename, content)
    assert "do not fit one another" in refused(path)


@pytest.mark.parametrize("name", ["w.pth", "w.SAFETENSORS", "w"])
def test_safetensors_are_known_by_their_content(tmp_path: Path, name: str) -> None:
    save_file({"w": torch.ones(3)}, path := tmp_path / name, metadata={"who": "me"})
    read = read_weights(path)
    assert torch.equal(read.content["w"], torch.ones(3)) and read.metadata == {"who": "me"}


def test_safetensors_come_with_their_metadata(tmp_path: Path) -> None:
    save_file({"w": torch.ones(3)}, path := tmp_path / "w.safetensors", metadata={"who": "me"})
    read = read_weights(path)
    assert torch.equal(read.content["w"], torch.ones(3)) and read.metadata == {"who": "me"}
    path.write_bytes(path.read_bytes()[:-4])
    assert "cut short" in refused(path)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (path := tmp_path / name).touch()

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(weight_files, "open_regular", forbidden)
    assert "cannot be read: Permission denied" in refused(path)


def test_attributes_that_a_file_gives_a_dict_do_not_stand_for_its_methods(tmp_path: Path) -> None:
    content: OrderedDict[str, Any] = OrderedDict(weight=torch.ones(1))
    content.__dict__.update(get=1, keys=2)
    torch.save(content, path := tmp_path / "best.pth")
    assert list(read_weights(path).content.items()) == [("weight", torch.ones(1))]


def cut(path: Path, data: bytes) -> None:
    os.truncate(path, len(data) // 2)


def long_settled(path: Path) -> None:
    os.utime(path, (0, 0))


@pytest.mark.parametrize("age", [long_settled, lambda path: None])
@pytest.mark.parametrize("change", [overwritten, replaced, cut])
def test_a_file_that_changes_while_it_is_read(
    good: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, bytes], None], age: Callable[[Path], None]
) -> None:
    """Between the list of records and the weights: the weights are those of the hash, or nothing is given."""
    (other := good.with_name("other") / "good.pth").parent.mkdir()
    torch.save({"weight": torch.arange(1000.0) + 1}, other)
    age(good)
    before, listed = sha256(good), torch_files.zip_records

    def late(handle: BufferedReader) -> Any:
        records = listed(handle)
        change(good, other.read_bytes())
        return records

    monkeypatch.setattr(torch_files, "zip_records", late)
    if change is replaced:  # the open file is the old one
        read = read_weights(good)
        assert read.sha256 == before and torch.equal(read.content["weight"], torch.arange(1000.0))
    else:
        try:
            read = read_weights(good)
        except CheckpointError as error:
            assert "has changed while it was read" in str(error) or "damaged" in str(error)
        else:  # all of it is the new one
            assert read.sha256 == sha256(good) and torch.equal(read.content["weight"], torch.arange(1000.0) + 1)


@pytest.mark.parametrize("change", [overwritten, replaced, cut])
def test_weights_that_were_read_do_not_follow_their_file(good: Path, change: Callable[[Path, bytes], None]) -> None:
    read = read_weights(good)
    change(good, bytes(good.stat().st_size))
    assert torch.equal(read.content["weight"], torch.arange(1000.0))


def test_the_structure_is_read_without_values(good: Path) -> None:
    data = good.read_bytes()
    good.write_bytes(data.replace(torch.arange(1000.0).numpy().tobytes(), bytes(4000)))
    assert read_structure(good)["weight"].is_meta
    good.write_bytes(data.replace(b"weight", b"height"))
    with pytest.raises(CheckpointError, match="is damaged"):
        read_structure(good)


def in_zip(path: Path) -> None:
    torch.save({"weight": torch.ones(9)}, path)


def in_legacy_format(path: Path) -> None:
    torch.save({"weight": torch.ones(9)}, path, _use_new_zipfile_serialization=False)


def in_safetensors(path: Path) -> None:
    save_file({"weight": torch.ones(9)}, path)


@pytest.mark.parametrize(
    ("write", "place", "error"),
    [
        (in_zip, "buffers.torch.empty", RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory")),
        (in_zip, "zip_files.ZipFile", MemoryError()),
        (in_zip, "torch_files.Pickle", MemoryError()),
        (in_legacy_format, "torch_files.Pickle", MemoryError()),
        (in_legacy_format, "torch_files.fill", MemoryError()),
        (in_safetensors, "safetensors_files.fill", MemoryError()),
        (in_safetensors, "safetensors_files.json.loads", MemoryError()),
    ],
)
def test_a_file_that_memory_does_not_suffice_for_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], place: str, error: Exception
) -> None:
    def out(*_: object, **__: object) -> None:
        raise error

    write(path := tmp_path / "file")
    monkeypatch.setattr(f"pixcon_train.core.{place}", out)
    with pytest.raises(ConfigError, match=r"^Out of memory: .*\. It was reading .*file, which may be whole\. End"):
        read_weights(path, allow_legacy=True)
