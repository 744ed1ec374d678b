import csv
import json
import math
import os
from pathlib import Path

import pytest

from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Cell, Column, Table
from pixcon_train.core.errors import PixConError
from pixcon_train.core.version import VERSION


def table(name: str, *notes: str, rows: tuple[tuple[Cell, ...], ...] = (("a", 0.5),)) -> Table:
    columns = (Column("name", "checkpoint"), Column("rho_f", "ρ_F", "number"))
    return Table(name, name, columns, rows, notes, tuple({"sha256": "f0"} for _ in rows))


def test_the_content_says_who_made_it_and_repeats_each_note_once() -> None:
    made = Result.of("geometry", [table("a", "x", "y"), table("b", "y", "z")], [table("c", "not shown")], results=[1])
    assert made.content == {
        "command": "geometry",
        "version": VERSION,
        "notes": ["x", "y", "z"],
        "results": [1],
    }
    assert list(made.content) == ["command", "version", "notes", "results"]
    assert [shown.name for shown in made.tables] == ["a", "b"] and [file.name for file in made.files] == ["c"]


def test_everything_is_written_what_is_undefined_as_null_or_nothing(tmp_path: Path) -> None:
    rows: tuple[tuple[Cell, ...], ...] = (("a", 1 / 3), ("b", math.nan), ("c", Spread(0.5, math.nan)))
    made = Result.of("geometry", [table("geometry", rows=rows)], [table("geometry_classes")], rho_f=[1 / 3, math.nan])
    paths = made.write(tmp_path / "out")
    assert [path.name for path in paths] == ["geometry.json", "geometry.csv", "geometry_classes.csv", "geometry.tex"]
    content = json.loads(paths[0].read_text())
    assert (content["command"], content["rho_f"]) == ("geometry", [1 / 3, None])
    with paths[1].open() as handle:
        assert [tuple(row.values()) for row in csv.DictReader(handle)] == [
            ("f0", "a", repr(1 / 3), ""),
            ("f0", "b", "", ""),
            ("f0", "c", "0.5", ""),
        ]
    assert paths[2].read_text() == "sha256,name,rho_f\nf0,a,0.5\n"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    made = Result.of("geometry", [table("geometry")])
    paths = made.write(tmp_path)
    for path in paths:
        path.with_name(f".{path.name}.{os.getpid()}.tmp").touch()
        path.with_name(f".{path.name}.{os.getppid()}.tmp").touch()  # which runs
    made.write(tmp_path)
    left = [path.name for path in tmp_path.rglob("*.tmp")]
    assert sorted(left) == sorted(f".{path.name}.{os.getppid()}.tmp" for path in paths)


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(PixConError, match="Could not write"):
        Result.of("geometry", [table("a")]).write(tmp_path / "out")
    with pytest.raises(PixConError, match=r"Could not write .*: File name too long"):
        Result.of("geometry", [table("a")]).write(tmp_path / ("w" * 300))
