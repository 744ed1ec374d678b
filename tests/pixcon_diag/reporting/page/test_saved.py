"""What can be saved from the page: short tables in every format, and as many figures as there is room for."""

import gzip
import json
from pathlib import Path
from typing import Any

from pixcon_diag.reporting.page.saved import FORMATS, LONG, LONGEST, figures_of, table_list, table_texts, tables_of
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.tables.paper_table import PaperTable
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.files import write_text


def table(name: str, rows: int = 1) -> Table:
    return Table(name, f"Title of {name}", (Column("name", "name"), Column("x", "x", "number")), (("a", 1 / 3),) * rows)


def test_every_table_is_there_once() -> None:
    own = Result.of("compare", [table("one")], [table("longer")])
    other = Result.of("compare", [table("one_against_b"), table("one", 2)])
    section: Any = Section("s", "S", "What?", "", tables=(table("made"),))  # type: ignore[arg-type]
    methods: Any = None
    found = tables_of(Context(methods, {"compare": own}, {"a": {"compare": own}, "b": {"compare": other}}), [section])
    assert [*found] == ["one", "longer", "one_against_b", "made"] and len(found["one"].rows) == 1


def test_a_table_is_saved_in_four_formats_at_full_precision() -> None:
    texts = table_texts({"one": table("one")})["one"]
    assert json.loads(texts["json"]) == [{"name": "a", "x": 1 / 3}] and [*texts] == [*FORMATS]
    assert texts["csv"] == f"name,x\na,{1 / 3!r}\n"
    assert r"\toprule" in texts["tex"] and "| a |" in texts["md"]


def test_a_name_that_is_no_utf_8_is_saved_as_in_the_file(tmp_path: Path) -> None:
    odd = Table("one", "One", (Column("name", "name"),), (("caf\udce9\u202e",),))
    write_text(tmp_path / "one.csv", FORMATS["csv"](odd))
    assert table_texts({"one": odd})["one"]["csv"] == (tmp_path / "one.csv").read_text(encoding="utf-8")


def test_a_table_in_the_layout_of_the_paper_is_saved_as_latex() -> None:
    paper = PaperTable("paper_table7", "Errors", "lr", ("a & b",), ("c & 1",))
    methods: Any = None
    found = tables_of(Context(methods, {"boundary": Result.of("boundary", [table("boundary")], paper=[paper])}), [])
    assert table_texts(found)["paper_table7"] == {"tex": paper.to_latex()}
    assert table_list(found)["paper_table7"] == {
        "title": "In the layout of the paper",
        "rows": 1,
        "formats": ("tex",),
    }


def test_long_tables_are_csv_alone_and_the_longest_are_not_in_the_page() -> None:
    tables = {"long": table("long", LONG + 1), "longest": table("longest", LONGEST + 1)}
    assert {name: [*texts] for name, texts in table_texts(tables).items()} == {"long": ["csv"], "longest": []}
    assert table_list(tables)["longest"] == {"title": "Title of longest", "rows": LONGEST + 1, "formats": ()}


def test_the_page_holds_the_smallest_figures_within_its_size(tmp_path: Path) -> None:
    contents = {"a.svg": b"<svg/>", "a.pdf": bytes(range(256)) * 2, "a.png": b"", "b.svg": b"<svg>b</svg>"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in contents]
    figures = figures_of(paths, 200)
    assert [(one.name, one.files, [*one.held]) for one in figures] == [
        ("a", ("svg", "pdf"), ["svg"]),
        ("b", ("svg",), ["svg"]),
    ]
    assert gzip.decompress(figures[0].held["svg"]) == b"<svg/>"
    assert [[*one.held] for one in figures_of(paths)] == [["svg", "pdf"], ["svg"]]
    assert figures_of([]) == []
