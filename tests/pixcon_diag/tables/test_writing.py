import csv
import io
import json
import math
from pathlib import Path

import pytest

from pixcon_diag.tables.writing import to_csv, write_results
from pixcon_train.core.errors import PixConError


def test_csv_is_exact_and_leaves_what_is_undefined_empty() -> None:
    value = 1 / 3
    text = to_csv([{"name": "a, b", "rho_f": value}, {"name": "c", "rho_f": math.nan, "tau": None, "n": 7}])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0] == {"name": "a, b", "rho_f": repr(value), "tau": "", "n": ""}
    assert rows[1] == {"name": "c", "rho_f": "", "tau": "", "n": "7"}


def test_text_is_no_formula_and_numbers_stay_numbers() -> None:
    names = ["=1+1", "-a", "@x", "\tx", "-1.5e-3", "+2", "a=b", "\x1bx"]
    text = to_csv([{"name": name, "=key": -0.5} for name in names])
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["name", "'=key"] and {row[1] for row in rows} == {"-0.5"}
    assert [row[0] for row in rows] == ["'=1+1", "'-a", "'@x", "'\tx", "-1.5e-3", "+2", "a=b", "⟨U+001B⟩x"]


def test_results_are_one_json_and_a_csv_per_table(tmp_path: Path) -> None:
    paths = write_results(tmp_path / "out", "contamination", {"rho_f": math.nan}, {"a": [{"x": 1}], "b": []})
    assert [path.name for path in paths] == ["contamination.json", "a.csv", "b.csv"]
    assert json.loads(paths[0].read_text()) == {"rho_f": None}
    assert paths[1].read_text() == "x\n1\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.csv", "contamination.json"]


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(PixConError, match="Could not write"):
        write_results(tmp_path / "out", "contamination", {}, {})
