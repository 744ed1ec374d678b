"""Arrays beside a cached pass: computed once, computed again where they are damaged or the folder cannot be written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.cache.arrays import key_digest, write_arrays
from pixcon_diag.cache.derived import derived
from pixcon_diag.passes.forms import formed

KEY = {"format": 1, "options": {"rules": ("clean",), "eta": 0.1}}


class Counted:
    """Computes two arrays, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.calls += 1
        return {"rates": np.array([0.5, np.nan]), "rule.clean": np.arange(6).reshape(2, 3)}


def test_arrays_are_computed_once_for_each_key(tmp_path: Path) -> None:
    make = Counted()
    first, second = (derived(tmp_path, "gradient", dict(KEY), make, dict) for _ in range(2))
    assert make.calls == 1 and first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)
    assert [path.name[:9] for path in tmp_path.iterdir()] == ["gradient-"]
    derived(tmp_path, "gradient", {**KEY, "format": 2}, make, dict)
    derived(tmp_path, "other", KEY, make, dict)
    assert make.calls == 3 and len(list(tmp_path.iterdir())) == 3


def flipped(content: bytes) -> bytes:
    """One bit of the second array changed."""
    place = content.rindex(np.int64(5).tobytes())
    return content[:place] + b"\x04" + content[place + 1 :]


@pytest.mark.parametrize("damage", [lambda _: b"", lambda content: content[:-40], flipped, lambda _: b"x" * 99])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    make = Counted()
    derived(tmp_path, "gradient", KEY, make, dict)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert derived(tmp_path, "gradient", KEY, make, dict)["rule.clean"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert make.calls == 2
    derived(tmp_path, "gradient", KEY, make, dict)
    assert make.calls == 2


def test_arrays_that_cannot_be_those_are_made_again(tmp_path: Path) -> None:
    def read(arrays: dict[str, np.ndarray]) -> float:
        return float(formed(arrays, {"rates": "real 2"})["rates"][0])

    make = Counted()
    write_arrays(tmp_path / f"gradient-{key_digest(KEY)}.npz", {"rates": np.array([1, 2])})
    assert derived(tmp_path, "gradient", KEY, make, read) == 0.5 and make.calls == 1
    assert derived(tmp_path, "gradient", KEY, make, read) == 0.5 and make.calls == 1


def test_without_a_folder_that_can_be_written_nothing_is_cached(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    make = Counted()
    for folder in (None, None, tmp_path / "file", tmp_path / "file"):
        assert derived(folder, "gradient", KEY, make, dict).keys() == {"rates", "rule.clean"}
    assert make.calls == 4
