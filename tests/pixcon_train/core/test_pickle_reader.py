"""Files that torch.save does not write: each is refused with the reason, or restored without what it names."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.pickle_reader import Pickle
from pixcon_train.core.pickle_values import Inert, PickleError
from pixcon_train.core.weight_files import read_structure, read_weights
from tests.checkpoints import refused
from tests.fuzz.checkpoint_bombs import bombs
from tests.fuzz.pickle_programs import Raw, Writer, call, mapping, named, storage, tensor, text, whole


def value(code: bytes) -> Any:
    """What a pickle of these opcodes gives, with views in place of tensors."""
    return Pickle(BytesIO(b"\x80\x02" + code + b".")).restored(lambda view: view)


def reason(code: bytes) -> str:
    with pytest.raises(PickleError) as caught:
        value(code)
    return str(caught.value)


def numpy_text(data: bytes) -> bytes:
    """A pickled NumPy scalar of texts of one character."""
    kind = call(named("numpy", "dtype"), text("U1"))
    return call(named("numpy._core.multiarray", "scalar"), kind, b"C" + bytes([len(data)]) + data)


BOMBS = {
    "a tuple nested a million times, as all": "300000 opcodes",
    "a list nested 100,000 times, as all": "100 levels",
    "lists of themselves, as all": "500000 values",
    "a bytearray of 6 GiB, as all": "bytearray with arguments|encodes a text",
    "punycode, as all": "encodes a text",
    "a text encoded again and again, as all": "calls make more than",
    "an integer of 10 MB, as all": "more than 2,400 digits",
    "stride 0, as all": "exceeds its storage|expanded",
    "overlapping windows, as all": "exceeds its storage",
    "a storage of 2^60, as all": "do not fit one another",
    "a storage on meta, as all": "on the meta device",
    "a sparse tensor of 10^12, as all": "special tensor",
    "tuples of themselves as a position, as all": "a tuple as its size or position",
    "tuples of themselves as a size, as all": "a tuple as its size or position",
    "tuples of themselves as a length, as all": "a tuple as its size or position",
}


@pytest.mark.parametrize("rule", BOMBS)
def test_a_small_file_that_asks_for_much_is_refused_with_the_reason(tmp_path: Path, rule: str) -> None:
    (path := tmp_path / "bomb.pth").write_bytes(dict(bombs())[rule]())
    message = refused(path)
    assert any(part in message for part in BOMBS[rule].split("|")), message


@pytest.mark.parametrize("kind", ["set", "frozenset"])
def test_tuples_in_a_set_are_not_hashed(kind: str) -> None:
    pair = b")" + b"q\x00h\x00\x86" * 60
    (found,) = value(call(named("__builtin__", kind), b"](" + pair + b"e"))
    assert isinstance(found, Inert) and found.name == "a tuple as a key"


def test_what_is_called_is_recorded_by_name_alone() -> None:
    pickle = Pickle(BytesIO(b"\x80\x02" + mapping((text("a"), call(named("os", "system"), text("touch x")))) + b"."))
    assert pickle.restored(lambda view: view)["a"].name == "os.system"
    assert pickle.inert == {"os.system"}


def test_what_an_unknown_function_gives_is_not_called() -> None:
    attribute = call(named("builtins", "getattr"), named("os", "system"), text("__call__"))
    assert value(call(attribute, text("touch x"))).name == "builtins.getattr"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (mapping((text("a"), whole(1)), (text("a"), whole(2))), "'a' twice"),
        (b"(" + named("a", "b") + b"o", "OBJ, which torch.save does not write"),
        (b"I01\n", "INT, which torch.save does not write"),
        (text("\ud800"), "not Unicode"),
        (b"NNN", "before its value is complete"),
        (b"(N", "before its value is complete"),
        (storage("0", 4, "ComplexFloatStorage"), "torch.ComplexFloatStorage"),
        (call(named("collections", "OrderedDict"), b"]"), "Python 2"),
        (call(named("torch._utils", "_rebuild_tensor_v3"), whole(1)), "special tensor"),
        (tensor(storage("0", 4), 1, (2, 2), (2, 1)), "exceeds its storage of 4"),
        (tensor(storage("0", 4), 0, (3, 2), (1, 1)), "expanded from fewer values"),
        (tensor(storage("0", 4), 0, (2, 3), (0, 1)), "expanded from fewer values"),
        (tensor(storage("0", 4), -1, (2,), (1,)), "size or position -1"),
        (tensor(storage("0", 0), 0, (2**40, 0), (1, 1)), "without a value"),
        (numpy_text(b"\x00\xd8\x00\x00"), "arguments that do not fit it"),
        (numpy_text(b"\x00\x00\x11\x00"), "arguments that do not fit it"),
    ],
)
def test_others_are_refused_with_the_reason(code: bytes, said: str) -> None:
    assert said in reason(code)


@pytest.mark.parametrize(
    ("shape", "stride"), [((2, 3), (1, 2)), ((3,), (2,)), ((), ()), ((1, 3), (0, 1)), ((0, 3), (3, 1))]
)
def test_views_that_use_each_value_once_are_read(
    tmp_path: Path, shape: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    values, writer = torch.arange(6.0), Writer()
    content = {"view": Raw(tensor(writer.storage(values), 0, shape, stride))}
    (path := tmp_path / "view.pth").write_bytes(writer.file(content))
    assert torch.equal(read_weights(path).content["view"], values.as_strided(shape, stride))


def test_a_text_of_numpy_is_read() -> None:
    assert value(numpy_text("ü".encode("utf-32-le"))) == "ü"


@pytest.mark.parametrize("kind", ["negated", "imaginary part of conjugated"])
def test_values_that_are_stored_negated_are_not_taken_for_those_of_the_tensor(tmp_path: Path, kind: str) -> None:
    values = torch.arange(4.0)
    changed = torch._neg_view(values) if kind == "negated" else torch.complex(values, values).conj().imag
    torch.save({"w": changed}, path := tmp_path / "w.pth")
    assert torch.equal(torch.load(path)["w"], -values)
    assert "negated or conjugated" in refused(path)
    torch.save({"w": changed.clone()}, path)
    assert torch.equal(read_weights(path).content["w"], -values)


@pytest.mark.parametrize("name", ["data/0", "0", "data.pkl", "byteorder"])
@pytest.mark.parametrize("read", [read_weights, read_structure])
def test_records_outside_of_the_folder_of_all_others_are_refused(
    tmp_path: Path, name: str, read: Callable[[Path], Any]
) -> None:
    torch.save({"w": torch.ones(2)}, path := tmp_path / "w.pth")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, bytes(8))
    with pytest.raises(CheckpointError, match="lies beside the folder of data"):
        read(path)


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({"byteorder": b"big"}, "little-endian"),
        ({"version": bytes(1000)}, "version has 1000 bytes"),
        ({"data.pkl": b"\x80\x02N.N."}, "bytes follow its end"),
        ({"data/0": b"\x02"}, "other bytes than 0 and 1"),
    ],
)
def test_other_records_are_refused(tmp_path: Path, records: dict[str, bytes], said: str) -> None:
    (path := tmp_path / "w.pth").write_bytes(Writer().file({"w": torch.tensor([True])}, **records))
    assert said in refused(path)
