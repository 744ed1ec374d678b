"""One sign convention: with a planted better method, every difference of every analysis says that it is better."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.analyses.registry import ANALYSES
from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.study import Report, Study
from pixcon_diag.tables.result import Result
from tests.cli.farm import write_data

ANSWERED = ("boundary", "per-class", "qualitative", "compare")
"""Analyses of label maps that give differences of methods."""


def copy_images(data: Path, count: int) -> None:
    """Copies of the images of a list, so that it has ``count``."""
    lines = (data / "val.txt").read_text().splitlines()
    for index in range(len(lines), count):
        image, mask = lines[index % len(lines)].split()
        shutil.copy(data / image, data / f"images/{index}.jpg")
        shutil.copy(data / mask, data / f"masks/{index}.png")
        lines.append(f"images/{index}.jpg masks/{index}.png")
    (data / "val.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Label maps of a baseline with every third row wrong, and of a method with every sixth row wrong."""
    root = tmp_path_factory.mktemp("signs")
    data = write_data(root / "data")
    copy_images(data, 20)  # fewer get no verdict
    for name, step in (("none", 3), ("clean", 6)):
        (root / name).mkdir()
        for path in sorted((data / "masks").iterdir()):
            labels = np.asarray(Image.open(path)) % 255
            labels[::step] = (labels[::step] + 1) % 3
            Image.fromarray(labels.astype(np.uint8)).save(root / name / path.name)
    choice = DataChoice(str(data / "farm.yaml"), root=data, list_path=data / "val.txt")
    options = StudyOptions(data=choice, run=RunChoice(workers=0))
    return Study(predictions={name: str(root / name) for name in ("none", "clean")}, options=options)


def results(study: Study, folder: Path) -> dict[str, Result]:
    options = {"qualitative": {"folder": folder}, "compare": {"draws": 50}}
    return {name: getattr(study, name.replace("-", "_"))(**options.get(name, {})) for name in ANSWERED}


def test_every_difference_is_better_in_tables_and_json(planted: Study, tmp_path: Path) -> None:
    found = results(planted, tmp_path)
    for name, result in found.items():
        sides = [
            column.side(cell)
            for table in (*result.tables, *result.files)
            for place, column in enumerate(table.columns)
            for cell in (row[place] for row in table.rows)
        ]
        assert "better" in sides and "worse" not in sides, name
    (comparison,) = found["compare"].to_dict()["comparisons"]
    for row in comparison["rows"]:
        assert (row["seed_noise"]["difference"] > 0) == row["higher_is_better"], row["measure"]
    (per_class,) = found["per-class"].to_dict()["comparisons"]
    assert all(row["delta"] > 0 for row in per_class["per_class"]["rows"])
    assert "clean is better than none, Δ = +" in found["compare"].summary[0]


def test_wins_are_ranked_first_although_their_difference_is_negative(planted: Study, tmp_path: Path) -> None:
    (table,) = results(planted, tmp_path)["qualitative"].tables
    place = [column.key for column in table.columns].index("delta")
    deltas = [row[place] for row in table.rows]
    assert deltas == sorted(deltas) and deltas[0] < 0


def test_every_analysis_with_a_difference_of_label_maps_is_tried() -> None:
    compared = {analysis.name for analysis in ANALYSES if analysis.needs == "label maps"}
    assert compared - {"duel"} == set(ANSWERED)  # a duel needs answers; its sign is tested with them


def test_a_report_in_a_notebook_is_a_link_and_the_verdict(planted: Study, tmp_path: Path) -> None:
    doctor = planted.doctor()
    shown = Report(tmp_path / "a&b/index.html", (doctor,), (), ())._repr_html_()
    assert f'<a href="file://{tmp_path}/a%26b/index.html">' in shown and "a&amp;b" in shown
    assert shown.count("<p>") == 1 + len(doctor.summary) and len(repr(doctor).splitlines()[0]) < 600
