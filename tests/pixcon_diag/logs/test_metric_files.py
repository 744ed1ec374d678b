import math
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.logs import metric_files
from pixcon_diag.logs.metric_files import MetricTable, read_csv, read_json_rows
from pixcon_train.core.errors import DataError


def write(folder: Path, text: str, name: str = "run.csv") -> Path:
    (path := folder / name).write_text(text, encoding="utf-8")
    return path


def told(table: MetricTable) -> dict[str, list[Any]]:
    """The columns, with None for NaN."""
    return {name: [None if math.isnan(x) else x for x in values] for name, values in table.columns.items()}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_with_gaps_and_text(tmp_path: Path, separator: str) -> None:
    text = 'epoch,miou,name\n0,0.5,"a run"\n\n1,nan,b\n2,,\n3,-1000.0,None\n'
    table = read_csv(write(tmp_path, text.replace(",", separator)))
    assert told(table) == {"epoch": [0, 1, 2, 3], "miou": [0.5, None, None, None]} and table.text == ("name",)
    assert table.note is None


def test_a_last_row_that_is_cut_off_is_left_out_and_noted(tmp_path: Path) -> None:
    table = read_csv(write(tmp_path, "epoch,miou\n0,0.5\n1"))
    assert told(table) == {"epoch": [0], "miou": [0.5]} and table.note == "the last line is cut off and left out."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("epoch,miou\n0,1,2\n", "row 2: 3 values for 2 columns"),
        ("epoch,miou\n0\n1,0.5\n", "row 2: 1 values for 2 columns"),
        ("miou,miou\n1,2\n", "two columns are called `miou`"),
        ("epoch,miou\n0," + "9" * 200_000, "is no CSV file: field larger"),
        ("a" + ",a" * 5_000, "too many values"),
    ],
)
def test_a_damaged_table_is_one_message(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read_csv(write(tmp_path, text))
    assert says in str(caught.value) and len(str(caught.value)) < 500


def test_a_table_of_too_many_values_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_files, "MOST_VALUES", 10)
    with pytest.raises(DataError, match="at most 5,000 columns, and 10 values"):
        read_csv(write(tmp_path, "epoch,miou\n" + "1,1\n" * 5))
    with pytest.raises(DataError, match="at most 5,000 columns, and 10 values"):
        read_json_rows(write(tmp_path, '{"epoch": 1, "miou": 1}\n' * 6, "run.jsonl"))


ROWS = '{"_step": 0, "miou": 0.5, "image": {"path": "a.png"}}', '{"_step": 1, "miou": "NaN", "ok": true, "n": null}'


@pytest.mark.parametrize("text", ["\n".join(ROWS) + "\n", f"[{', '.join(ROWS)}]"])
def test_rows_of_json(tmp_path: Path, text: str) -> None:
    """One an object a line, as `wandb-history.jsonl`, or a list; what is no number is left out."""
    table = read_json_rows(write(tmp_path, text, "run.jsonl"))
    assert told(table) == {"_step": [0, 1], "miou": [0.5, None]}


def test_a_last_line_of_json_that_is_cut_off_is_noted(tmp_path: Path) -> None:
    table = read_json_rows(write(tmp_path, "\n".join(ROWS)[:-5], "run.jsonl"))
    assert told(table) == {"_step": [0], "miou": [0.5]} and table.note is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "line 1: expected rows of metrics in JSON"),
        ("{}\nnot json\n{}", "line 2: expected rows of metrics in JSON"),
        ("[1, 2]", "row 1 is no object"),
        ("[" * 100_000, "is no JSON"),
        ("3", "row 1 is no object"),
    ],
)
def test_damaged_json_is_one_message(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read_json_rows(write(tmp_path, text, "run.json"))
    assert says in str(caught.value)
