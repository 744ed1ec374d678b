"""The notebooks are committed without outputs, and run from the first cell to the last one."""

import csv
import re
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import numpy as np
import pytest
import yaml

import pixcon_diag as pxd
from pixcon_train.core.yaml_files import flatten

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))


def executed(name: str, **parameters: object) -> list[Any]:
    """The code cells after the notebook has run in the working directory with other parameters."""
    (path,) = (notebook for notebook in NOTEBOOKS if notebook.name == name)
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    assert all(re.search(rf"^{key} = ", cell.source, re.MULTILINE) for key in parameters)
    cell.source += "".join(f"\n{key} = {value!r}" for key, value in parameters.items())
    done = nbclient.NotebookClient(notebook, timeout=280, resources={"metadata": {"path": "."}}).execute()
    return [cell for cell in done.cells if cell.cell_type == "code"]


def printed(cells: list[Any]) -> str:
    """What the cells print."""
    return "\n".join(output.text for cell in cells for output in cell.outputs if output.get("name") == "stdout")


def pictures(cells: list[Any]) -> int:
    """Number of cells that show a picture."""
    return sum(any("image/png" in output.get("data", {}) for output in cell.outputs) for cell in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert {*notebook.metadata} == {"kernelspec", "language_info"}  # neither widgets nor versions


@pytest.mark.slow
def test_a_stand_in_is_diagnosed_as_a_file_of_the_release(tiny: Path) -> None:
    values = flatten(yaml.safe_load(tiny.read_text(encoding="utf-8")))
    cells = executed("diagnose_a_checkpoint.ipynb", STAND_IN=values)
    text = printed(cells)
    assert "Its numbers say nothing about the release." in text and "UniMatch V2" in text
    assert pictures(cells) == 3
    best = pxd.load("runs/stand-in/best.pth")
    assert best.run is None  # nothing in the file says that it was trained here
    with Path("tables/contamination.csv").open(encoding="utf-8") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert [*rows] == ["student", "teacher"]
    data = pxd.choose_data(pxd.DataChoice(values["data.dataset"], root=values["data.root"]))
    right = predicted = 0
    for image in pxd.measure(best, data).images():
        right, predicted = right + (image.valid & ~image.wrong).sum(), predicted + image.valid.sum()
    assert float(rows["teacher"]["retention"]) <= 1 and 0 < right < predicted


def sizes_of(wrong: np.ndarray) -> list[int]:
    """Pixels of the connected regions, by filling one after the other."""
    left, sizes = {(int(y), int(x)) for y, x in np.argwhere(wrong)}, []
    while left:
        region, frontier = 0, [left.pop()]
        while frontier:
            y, x = frontier.pop()
            region += 1
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            frontier += near
        sizes.append(region)
    return sizes


@pytest.mark.slow
def test_the_measurement_is_that_of_plain_loops(farm: dict[str, Path]) -> None:
    tau, least = 0.9, 100
    cells = executed(
        "write_a_measurement.ipynb", METHODS={name: str(run) for name, run in farm.items()}, TAU=tau, LEAST=least
    )
    with Path("regions.csv").open(encoding="utf-8") as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    shares = []
    for name, run in farm.items():
        sizes = [
            size
            for image in pxd.measure(pxd.load(run)).images()
            for size in sizes_of(
                (image.prediction != image.target) & (image.target != 255) & (image.bins >= image.edges.index(tau))
            )
        ]
        large = sum(size for size in sizes if size >= least)
        assert 0 < large < sum(sizes)
        shares.append(large / sum(sizes))
        assert [float(each) for each in rows[name].values() if each != name] == [sum(sizes), large, shares[-1]]
    assert f"clean - none: {100 * (shares[1] - shares[0]):+.1f} points" in printed(cells)
    assert pictures(cells) == 1 and Path("regions.png").is_file()
