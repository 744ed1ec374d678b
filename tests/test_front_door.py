"""The public names of both packages: each has an example that runs, and importing them loads nothing heavy."""

import doctest
import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest
import torch

import pixcon_diag as pxd
import pixcon_train
from pixcon_diag.tables.result import Result
from tests.cli.diagnose.asking import no_drawing
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import call, write_data

README = Path(__file__).parents[1] / "README.md"
HEAVY = ("torch", "torchvision", "timm", "torchmetrics", "accelerate", "numpy", "matplotlib", "pandas", "sklearn")
SLOW = ("train", "report")
NAMES = [
    pytest.param(module, name, marks=[pytest.mark.slow] if name in SLOW else [])
    for module in (pxd, pixcon_train)
    for name in module.__all__
    if name != "__version__"
]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda value: getattr(value, "__name__", value))
def test_every_public_name_has_an_example_that_runs(module: object, name: str) -> None:
    value = getattr(module, name)
    assert value.__doc__ and ">>>" in value.__doc__, f"{name} has no example"
    runner = doctest.DocTestRunner()
    names = vars(importlib.import_module(value.__module__))
    for test in doctest.DocTestFinder(recurse=False).find(value, name, globs=dict(names)):
        runner.run(test)
    assert runner.summarize().attempted and not runner.summarize().failed


@pytest.mark.parametrize("module", ["pixcon_diag", "pixcon_train"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    probe = f"import sys, {module}; dir({module}); print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("module", ["pixcon_diag", "pixcon_train"])
def test_python_m_is_the_command_line(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(module.replace("_", "-")) and pxd.__version__ in done.stdout


@pytest.mark.parametrize("module", [pxd, pixcon_train])
def test_an_unknown_name_is_an_attribute_error(module: object) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'contaminate'"):
        getattr(module, "contaminate")  # noqa: B009


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `runs/demo-none` and `runs/demo-clean`, as `make demo` leaves them."""
    root = tmp_path_factory.mktemp("home")
    runs = write_methods(root, write_data(root / "data"))
    for rule in ("none", "clean"):
        shutil.move(runs / f"farm-{rule}-0", runs / f"demo-{rule}")
        shutil.rmtree(runs / f"farm-{rule}-1")
    return root


def four_lines() -> list[str]:
    """The example of the README."""
    (block,) = (b for b in re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S) if "Study" in b)
    lines = [line for line in block.splitlines() if line]
    assert len(lines) == 4
    return lines


@pytest.mark.slow
def test_the_four_lines_work_in_a_script(home: Path) -> None:
    script = home / "four.py"
    first, second, third, last = four_lines()
    third = third.replace("study.contamination()", "print(study.contamination())")
    script.write_text("\n".join([first, second, third, last]), encoding="utf-8")
    done = subprocess.run([sys.executable, script.name], cwd=home, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "ρ_F" in done.stdout and (home / "report/report.md").is_file() and (home / "report/compare.png").is_file()


@pytest.mark.slow
def test_a_notebook_shows_tables_and_figures(home: Path) -> None:
    lines = four_lines()
    cells = [*lines[:3], "study.contamination().plot()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line) for line in cells])
    done = nbclient.NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(home)}}).execute()
    outputs = [cell.outputs for cell in done.cells]
    assert "<table>" in outputs[2][-1]["data"]["text/html"] and "ρ_F" in outputs[2][-1]["data"]["text/html"]
    assert "image/png" in outputs[3][-1]["data"]


def test_command_line_report_and_python_compare_alike(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    methods = {"none": ["runs/demo-none"], "clean": ["runs/demo-clean"]}
    result = call("compare", "none=runs/demo-none", "clean=runs/demo-clean", "--json", "--workers", 0)
    printed = json.loads(result.stdout)
    options = pxd.StudyOptions(run=pxd.RunChoice(workers=0))
    pxd.compare(methods, options=options).write(tmp_path)
    monkeypatch.setattr("pixcon_diag.analyses.tsne.tsne_result", lambda *_, **__: Result("tsne", {}, ()))
    no_drawing(monkeypatch)
    pxd.report(methods, tmp_path / "report", options=options)
    from_python, reported = (json.loads((tmp_path / f / "compare.json").read_text()) for f in (".", "report"))
    assert printed["comparisons"] == from_python["comparisons"] == reported["comparisons"]
    measures = [row["measure"] for row in printed["comparisons"][0]["rows"]]
    assert {"mIoU", "ρ_F at τ = 0.95", "classes in a clean bank", "margin", "boundary error, 3 px"} <= set(measures)


def test_a_result_is_a_table_a_frame_a_dict_and_a_picture(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    study = pxd.Study({"none": "runs/demo-none", "clean": "runs/demo-clean"})
    assert "contamination" in dir(study) and "per_class" in study.analyses
    result = study.contamination()
    assert "ρ_F" in repr(result) and max(map(len, repr(result).splitlines())) <= 120
    assert result._repr_html_().startswith("<table>")
    frame = result.to_frame()
    assert list(frame["name"].unique()) == ["none", "clean"] and frame["rho_f"].between(0, 1).all()
    assert result.to_dict()["command"] == "contamination"
    assert result.plot("reliability").axes and result.plot().axes
    with pytest.raises(AttributeError, match="contaminate"):
        study.contaminate()
    for missing in (result.plot, result.to_frame):
        with pytest.raises(Exception, match="nothing"):
            missing("nothing")


def test_a_metric_draws_the_figure_of_its_command() -> None:
    target = torch.tensor([[[0, 0, 1, 1], [0, 1, 1, 255]]])
    prediction, confidence = torch.zeros_like(target), torch.full(target.shape, 0.97)
    features = torch.rand((1, 4, 2, 4), generator=torch.Generator().manual_seed(0))
    bank = pxd.Entries(torch.eye(4)[:3], torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), torch.ones(3).bool())
    updates = {
        pxd.Contamination(2, void=255): (confidence, prediction, target),
        pxd.BoundaryError(2, void=255): (prediction, target),
        pxd.Geometry(2, channels=4, void=255, min_pixels=1): (features, target),
        pxd.ContaminationGradient(2): (torch.eye(4)[:2], torch.tensor([0, 1]), bank),
        pxd.Coverage(2, batch_size=1): (target, prediction),
    }
    for metric, arguments in updates.items():
        metric.update(*arguments)
        assert metric.plot().axes, type(metric).__name__
