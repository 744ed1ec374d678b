"""`pixcon-diag report`: what only it has; see test_methods.py and tests/pixcon_diag/reporting/."""

import json
import re
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.analyses import tsne
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.study import Report
from pixcon_diag.tables.result import Result
from pixcon_train.runs.log import LOG
from tests.cli.diagnose.asking import NoChild, no_drawing, no_network
from tests.cli.farm import call, one_message


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without maps and drawings, which have their own tests."""
    monkeypatch.chdir(tmp_path)

    def few(named: Sequence[tuple[str, MeasuredPass]], **_: Any) -> Result:
        return Result.of("tsne", [], pixels=[each.sample().counts for _, each in named])

    monkeypatch.setattr(tsne, "tsne_result", few)
    no_drawing(monkeypatch)


def links(page: str) -> list[str]:
    return re.findall(r"\]\(([^#)][^)]*)\)", page)


@pytest.mark.slow
def test_a_second_report_runs_no_network_and_is_the_same(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = (f"none={runs / 'farm-none-0'}", f"clean={runs / 'farm-clean-0'}", "--workers", 0, "--count", 1)
    assert call("report", *two).exit_code == 0
    (tmp_path / "report").rename(tmp_path / "first")
    no_network(monkeypatch)
    result = call("report", *two, "-v")
    assert result.exit_code == 0 and result.stderr.count("reusing the pass cached in") == 4, result.output
    assert result.stdout == "report/index.html: 16 sections, 0 figures.\n"
    first, again = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "first", tmp_path / "report")
    )
    assert first == again
    assert [link for link in links(first["report.md"].decode()) if link not in first] == []


def test_the_page_is_opened_on_request(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing goes wrong where there is no browser."""
    opened: list[str] = []

    def none(url: str) -> bool:
        opened.append(url)
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr("webbrowser.open_new_tab", none)
    page = tmp_path / "a b/index.html"

    def built(study: object, folder: Path, **_: Any) -> Report:
        return Report(folder / "index.html", (), (), ())

    monkeypatch.setattr("pixcon_diag.study.Study.report", built)
    assert call("report", runs, "--out", page.parent).exit_code == 0 and opened == []
    result = call("report", runs, "--out", page.parent, "--open")
    assert result.exit_code == 0 and result.stderr == "" and opened == [f"file://{tmp_path}/a%20b/index.html"]


def test_the_number_of_images_on_the_page_is_chosen(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def built(study: object, folder: Path, *, images: int | None, **_: Any) -> Report:
        asked.append(images)
        return Report(folder / "index.html", (), (), ())

    monkeypatch.setattr("pixcon_diag.study.Study.report", built)
    for options in ((), ("--images", 200), ("--no-images",)):
        assert call("report", runs, *options).exit_code == 0
    assert asked == [None, 200, 0]
    one_message(call("report", runs, "--images", 3, "--no-images"), 2, "exclude each other")


@pytest.mark.slow
def test_every_table_is_there_in_every_form(runs: Path, tmp_path: Path) -> None:
    two = (f"none={runs / 'farm-none-0'}", f"clean={runs / 'farm-clean-0'}")
    result = call("report", *two, "--workers", 0, "--count", 1, "--json", "--baseline", "clean")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert len(content) == 16 and content["compare"]["baseline"] == "clean"
    for command, own in content.items():
        assert json.loads((tmp_path / f"report/{command}.json").read_text()) == own
    tables = {path.stem for path in (tmp_path / "report/tables").glob("*.md")}
    latex = {path.stem for path in (tmp_path / "report/tables").glob("*.tex")}
    assert tables == {stem for stem in latex if not stem.startswith("paper_")} and "paper_table4" in latex
    assert {"table4", "table7_clean_none", "geometry", "per-class_none", "contamination"} <= tables
    assert tables <= {path.stem for path in (tmp_path / "report").glob("*.csv")}
    page = (tmp_path / "report/report.md").read_text()
    assert page.index("| clean |") < page.index("| none |")


def test_a_figure_of_two_sections_is_shown_once(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fig. 11 is drawn as soon as the maps and the centroids are there."""

    class Drawing(NoChild):
        def draw(self, folder: Path, name: str, style: str | None) -> tuple[list[str], list[str]]:
            assert name == "fig11" or (folder / f"{name}.json").is_file()  # written before it is drawn
            files = [f"{name}.png", f"{name}.pdf"]
            for file in files:
                (folder / file).touch()
            return files, []

    monkeypatch.setattr("pixcon_figures.processes.Child", Drawing)
    result = call("report", runs / "farm-none-0", runs / "farm-clean-0", "--workers", 0)
    assert result.exit_code == 0 and "16 sections, 16 figures" in result.stdout, result.output
    page = (tmp_path / "report/report.md").read_text()
    assert page.count("![fig11.png](fig11.png)") == 1 and page.count("![tsne.png](tsne.png)") == 1


def test_what_cannot_be_measured_is_said_and_no_failure(runs: Path, tmp_path: Path) -> None:
    result = call("report", runs / "farm-none-0", "--window", 28, "--workers", 0)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "report/report.md").read_text()
    told = page[page.index("Left out:") :]
    told = told[: told.index("## ")]
    for what in ("bank coverage and gradient of farm-none-0", "Centroid geometry", "t-SNE", "Per class"):
        assert f"- {what}" in told and f"left out: {what}" in result.stderr
    assert [link for link in links(page) if not (tmp_path / "report" / link).is_file()] == []
    assert "## Contamination" in page and "## Centroid geometry" not in page


def test_a_public_file_gets_what_it_can(public: Path, data: Path, tmp_path: Path) -> None:
    (public.parent / LOG).unlink(missing_ok=True)
    options = ("--dataset", data / "farm.yaml", "--data-root", data, "--workers", 0)
    result = call("report", public, *options)
    assert result.exit_code == 0 and "--bank-list" in result.stderr, result.output
    assert "## Bank coverage" not in (tmp_path / "report/report.md").read_text()
    result = call("report", public, *options, "--bank-list", data / "val.txt", "--limit", 3)
    assert result.exit_code == 0 and "## Bank coverage" in (tmp_path / "report/report.md").read_text(), result.output
    assert json.loads((tmp_path / "report/coverage.json").read_text())["results"][0]["coverage"]["images"] == 3


def test_logs_alone_and_maps_alone_have_a_report(runs: Path, tmp_path: Path) -> None:
    log = runs / "farm-none-0" / LOG
    result = call("report", f"none={log}", "--json")
    assert result.exit_code == 0 and set(json.loads(result.stdout)) == {"doctor", "dynamics", "power"}, result.output
    data = runs.parent / "data"
    maps = ("--predictions", f"mine={data / 'masks'}", "--dataset", data / "farm.yaml", "--data-root", data)
    result = call("report", *maps, "--json", "--workers", 0)
    found = json.loads(result.stdout)
    assert set(found) == {"doctor", "boundary", "qualitative"}, result.output
    assert found["boundary"]["results"][0]["name"] == "mine"
    (tmp_path / "other.log").write_text("no log\n")
    one_message(call("report", tmp_path / "other.log", "--out", "none"), 3, "other.log is not a text log")
    assert not (tmp_path / "none").exists()


def test_a_threshold_named_twice_counts_once(runs: Path, tmp_path: Path) -> None:
    result = call("report", runs / "farm-none-0", "--tau", 0.4, "--tau", 0.4, "--workers", 0)
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "report/contamination.json").read_text())["results"]
    assert [at["tau"] for at in found[0]["contamination"]["thresholds"]] == [0.4]


def test_a_mistake_is_one_message_before_anything_is_measured(
    runs: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_network(monkeypatch)
    one_message(call("report", runs, "--baseline", "x"), 2, "No group is called 'x'", "none, clean")
    one_message(call("report", runs / "farm-none-0", elsewhere / "farm-clean-0"), 2, "measured on different images")
    one_message(call("report", f"a={runs / 'farm-none-0'},{elsewhere / 'farm-none-1'}"), 2, "mean over seeds")
    one_message(call("report"), 4, "No checkpoint was named", "./runs")
    assert not (tmp_path / "report").exists()
