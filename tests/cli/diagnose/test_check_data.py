"""`pixcon-diag check-data` as a user meets it."""

import json
from pathlib import Path

import pytest

from pixcon_train.checkpoint import BEST_EMA
from tests.cli.farm import SIZES, WRONG_DATA, Spoil, call


def test_check_data_says_what_it_found(data: Path, run_folder: Path) -> None:
    result = call("check-data", "--dataset", data / "farm.yaml", "--data-root", data)
    assert result.exit_code == 0 and "Nothing wrong" in result.stdout and "cow" in result.stdout
    found = json.loads(call("check-data", run_folder / BEST_EMA, "--json").stdout)
    assert found["ok"] and sum(found["pixels"]) == sum(width * (height - 3) for width, height in SIZES)


@pytest.mark.parametrize(("spoil", "code", "words"), WRONG_DATA[:6], ids=lambda value: getattr(value, "__name__", ""))
def test_check_data_lists_what_is_wrong(data: Path, spoil: Spoil, code: int, words: tuple[str, ...]) -> None:
    spoil(data)
    result = call("check-data", "--dataset", data / "farm.yaml", "--data-root", data, "--json")
    assert result.exit_code == code
    (finding,) = json.loads(result.stdout)["findings"]
    assert [word for word in words if word not in finding["message"]] == []
