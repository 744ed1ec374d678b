"""The page and the files beside it."""

import re
from pathlib import Path

import pytest

from pixcon_diag.analyses.registry import ANALYSES
from pixcon_diag.reporting.report import write_report
from pixcon_diag.tables.latex import to_latex
from pixcon_diag.tables.markdown import to_markdown
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import PixConError
from tests.pixcon_diag.analyses.made import check_latex

COLUMNS = (Column("name", "checkpoint"), Column("rate", "rate %", "per_cent"))

SECTIONS = [analysis.name for analysis in ANALYSES]


def made(command: str, *names: str, longer: str | None = None) -> Result:
    tables = [
        Table(name, f"Title of {name}", COLUMNS, (("a|b", 0.5), ("c", None)), (f"note on {name}",)) for name in names
    ]
    files = [Table(longer, "Longer", COLUMNS, (("d", 0.1),))] if longer else []
    return Result.of(command, tables, files, results=[])


def written(folder: Path, results: list[Result], **options: object) -> str:
    figures: dict[str, list[Path]] = {}
    for each in results:
        each.write(folder)
        figures[each.command] = [folder / f"{each.command}.png", folder / f"{each.command}.pdf"]
        for path in figures[each.command]:
            path.touch()
    write_report(folder, results, figures, **options)  # type: ignore[arg-type]
    return (folder / "report.md").read_text(encoding="utf-8")


def test_sections_come_in_the_page_s_order_with_tables_figures_and_files(tmp_path: Path) -> None:
    page = written(tmp_path, [made("boundary", "boundary"), made("contamination", "one", "two", longer="more")])
    assert re.findall(r"^#+ .*", page, re.M) == [
        "# Diagnosis",
        "## Contamination and retention",
        "## Boundary and interior",
    ]
    contamination = page[page.index("## Contamination") : page.index("## Boundary")]
    for table in made("contamination", "one", "two").tables:
        assert to_markdown(table).strip() in contamination
    assert "Title of more" not in page and "[more.csv](more.csv)" in contamination
    assert "![contamination.png](contamination.png)" in contamination and "pdf" not in contamination
    assert "Sec. 3.3, Table 8" in contamination
    assert page.startswith("# Diagnosis\n\nWritten by pixcon-diag ") and "\n\n\n" not in page


def test_every_link_leads_to_a_file_or_a_heading(tmp_path: Path) -> None:
    results = [made(command, f"{command}_table") for command in SECTIONS]
    page = written(tmp_path, results)
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert len(links) == 4 * len(SECTIONS) - 1  # the opening stands before the list of contents
    headings = [title.lower().replace(" ", "-") for title in re.findall(r"^## (.*)", page, re.M)]
    assert [link for link in links if link.startswith("#")] == [f"#{heading}" for heading in headings[1:]]
    assert [link for link in links if not link.startswith("#") and not (tmp_path / link).is_file()] == []


def test_every_table_is_there_as_markdown_and_latex(tmp_path: Path) -> None:
    results = [made("boundary", "boundary", "table7"), made("geometry", "geometry")]
    for each in results:
        each.write(tmp_path)
    paths = write_report(tmp_path, results, {})
    names = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert names == [f"{name}.{kind}" for name in ("boundary", "geometry", "table7") for kind in ("md", "tex")]
    assert sorted(paths) == sorted([tmp_path / "report.md", *(tmp_path / "tables").glob("*.md")])
    for table in (table for each in results for table in each.tables):
        assert (tmp_path / f"tables/{table.name}.tex").read_text(encoding="utf-8") == to_latex(table)
        check_latex(table)
    assert r"a\textbar{}b & 50.00 \\" in (tmp_path / "tables/table7.tex").read_text(encoding="utf-8")


def test_what_is_left_out_is_said_and_why(tmp_path: Path) -> None:
    page = written(tmp_path, [made("boundary", "boundary")], left_out=["geometry: no feature.", "t-SNE: none."])
    assert "Left out:\n\n- geometry: no feature.\n- t-SNE: none.\n\n## Boundary" in page
    assert "Left out" not in written(tmp_path, [made("boundary", "boundary")])
    assert written(tmp_path, [made("boundary", "boundary")], title="My runs").startswith("# My runs\n")


def test_a_section_without_a_figure_has_no_broken_image(tmp_path: Path) -> None:
    one = made("checkpoints", "checkpoints")
    one.write(tmp_path)
    write_report(tmp_path, [one], {})
    assert "![" not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PixConError, match="Could not write"):
        write_report(tmp_path / "file/report", [made("boundary", "boundary")], {})
