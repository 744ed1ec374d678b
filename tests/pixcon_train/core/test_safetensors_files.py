"""Headers of safetensors files that its library does not write."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from pixcon_train.core.files import sha256
from pixcon_train.core.weight_files import read_weights
from tests.checkpoints import refused

ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def written(path: Path, header: bytes | dict[str, Any], data: bytes = bytes(4)) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"a": ENTRY, "b": ENTRY}, "overlap before b"),
        ({"a": ENTRY | {"data_offsets": [4, 8]}}, "overlap before a"),
        ({"a": ENTRY | {"dtype": "C64"}}, "a of dtype C64; expected one of"),
        ({"a": ENTRY | {"dtype": ["F32"]}}, "of dtype"),
        ({"a": ENTRY | {"shape": [2]}}, "does not fit its bytes"),
        ({"a": ENTRY | {"shape": [-1]}}, "another shape"),
        ({"a": ENTRY | {"shape": [2**62, 0], "data_offsets": [0, 0]}}, "another shape"),
        ({"a": ENTRY | {"more": 1}}, "alone"),
        ({"a": 3}, "alone"),
        ({"__metadata__": {"a": 1}, "a": ENTRY}, "not texts by name"),
        ({"__metadata__": [], "a": ENTRY}, "not texts by name"),
        (b'{"a":' + json.dumps(ENTRY).encode() + b',"a":' + json.dumps(ENTRY).encode() + b"}", "a name twice"),
        (b'{"a":NaN}', "NaN in its header"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "recursion"),
        ({"a": ENTRY, "b": ENTRY | {"data_offsets": [4, 8]}}, "4 bytes of tensors, not 8"),
    ],
)
def test_another_header_is_refused_with_the_reason(tmp_path: Path, header: bytes | dict[str, Any], said: str) -> None:
    assert said in refused(written(tmp_path / "w.safetensors", header))


def test_a_header_that_is_too_long_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "w.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}")
    assert f"a header of {2**40} bytes" in refused(path)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64, torch.int8, torch.bool])
def test_tensors_are_those_that_were_written(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {"b": torch.tensor([[1, 0], [0, 1]]).to(dtype), "a": torch.zeros(0, 3), "c": torch.tensor(3.0)}
    save_file(state, path := tmp_path / "w.safetensors", metadata={"who": "me"})
    read = read_weights(path)
    assert read.metadata == {"who": "me"} and read.sha256 == sha256(path) and read.content.keys() == state.keys()
    assert all(
        torch.equal(read.content[key], value) and read.content[key].dtype == value.dtype for key, value in state.items()
    )
