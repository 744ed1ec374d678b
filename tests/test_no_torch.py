"""Answering from a cached pass or from logs imports no library of networks: whole commands, each in its own process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pixcon_train.runs.checkpoint import save_checkpoint
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import call, own_checkpoint, write_data
from tests.pixcon_diag.logs.test_tensorboard_log import unimatch
from tests.training_logs import write_unimatch

pytestmark = pytest.mark.slow

HEAVY = ("torch", "torchvision", "timm", "torchmetrics", "accelerate")
SLOW = ("pandas", "matplotlib", "seaborn", "sklearn", "openTSNE", "scipy.stats", "jinja2", "tensorboard")
"""Not needed for a table of numbers."""

PROBE = """
import json, sys
from contextlib import suppress
from pixcon_cli.{module} import main
from pixcon_figures.processes import Child
Child.draw = lambda *_: ([], [])  # which another process would do
for arguments in json.loads(sys.argv[1]):
    with suppress(SystemExit):  # of check-data, which found something; an error is another exception
        main(arguments, standalone_mode=False)
    loaded = [name for name in {heavy} if name in sys.modules]
    assert not loaded, f"{{arguments}} loads {{loaded}}"
"""


RESULTS = (
    "pixcon_train.evaluation.iou_result",
    "pixcon_diag.measures.bank_entries",
    "pixcon_diag.measures.boundary_result",
    "pixcon_diag.measures.comparison",
    "pixcon_diag.measures.confidence",
    "pixcon_diag.measures.contamination_result",
    "pixcon_diag.measures.coverage_result",
    "pixcon_diag.measures.disagreement",
    "pixcon_diag.measures.error_budget",
    "pixcon_diag.measures.error_budget_result",
    "pixcon_diag.measures.error_estimate",
    "pixcon_diag.measures.error_regions",
    "pixcon_diag.measures.geometry_result",
    "pixcon_diag.measures.gradient_result",
    "pixcon_diag.measures.image_cells_result",
    "pixcon_diag.measures.image_centroids_result",
    "pixcon_diag.measures.label_errors",
    "pixcon_diag.measures.image_counts_result",
    "pixcon_diag.measures.per_class",
    "pixcon_diag.measures.per_class_tests",
    "pixcon_diag.measures.pixel_sample_result",
    "pixcon_diag.measures.projection",
    "pixcon_diag.measures.image_power",
    "pixcon_diag.measures.seed_power",
    "pixcon_diag.measures.qualitative",
    "pixcon_diag.measures.stored_bank",
    "pixcon_diag.measures.uncertainty",
    "pixcon_diag.passes.cells",
    "pixcon_diag.passes.predictions",
    "pixcon_diag.passes.replayed_banks",
    "pixcon_diag.passes.saved_maps",
    "pixcon_diag.findings.diagnosis",
    "pixcon_diag.analyses.boundary_counts",
    "pixcon_diag.analyses.gradient_split",
    "pixcon_diag.analyses.panels",
)
"""Modules of results, and of formulas over stored statistics."""

IMPORTS = """
import importlib, sys

for module in sys.argv[1:]:
    importlib.import_module(module)
    loaded = [name for name in {heavy} if name in sys.modules]
    assert not loaded, f"{{module}} loads {{loaded}}"
"""


def test_results() -> None:
    command = [sys.executable, "-c", IMPORTS.format(heavy=HEAVY), *RESULTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr


def run(module: str, *commands: list[str], folder: Path, without: tuple[str, ...] = HEAVY) -> None:
    """Run commands one after the other in a process of their own.

    Raises:
        AssertionError: one failed, or imported one of ``without``; the later ones are not run.
    """
    probe = PROBE.format(module=module, heavy=without)
    command = [sys.executable, "-c", probe, json.dumps(commands)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr


def test_training_commands_that_train_nothing(tmp_path: Path) -> None:
    commands = (["presets"], ["show-config"], ["sweep", "digits/table4", "--dry-run"])
    run("train", *commands, folder=tmp_path, without=HEAVY + SLOW)


def test_logs(tmp_path: Path) -> None:
    logs = [
        str(write_unimatch(tmp_path / f"{name}.log", [[(50.0, 40.0)] * 3, [(60.0, 50.0)] * 3], conf_thresh=threshold))
        for name, threshold in (("a", 0.9), ("b", 0.95))
    ]
    unimatch(tmp_path / "run")
    tables = (["doctor", *logs], ["dynamics", *logs], ["sensitivity", *logs], ["power"], ["power", *logs])
    run("diag", *tables, ["landscape"], folder=tmp_path, without=HEAVY + SLOW)
    run("diag", ["dynamics", "run"], folder=tmp_path)  # TensorBoard's files


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two methods whose passes and replays are cached."""
    root = tmp_path_factory.mktemp("methods")
    folder = write_methods(root, write_data(root / "data"))
    for command in ("contamination", "coverage", "gradient"):
        result = call(command, folder, "--workers", 0)
        assert result.exit_code == 0, result.output
    photographs = folder.parent / "data/photographs.txt"
    photographs.write_text("images/0.jpg\nimages/1.jpg\n")
    out = folder.parent / "without-masks"
    result = call("duel", folder, "--unlabeled", photographs, "--count", 4, "--out", out, "--workers", 0)
    assert result.exit_code == 0, result.output
    own = folder.parent / "own.pth"  # which names no labeled list, so that every image may calibrate
    save_checkpoint(own, own_checkpoint(folder.parent / "data"))
    result = call("estimate", own, "--unlabeled", folder.parent / "data/val.txt", "--workers", 0)
    assert result.exit_code == 0, result.output
    result = call("export-maps", own, "--as", "npz", "--out", folder.parent / "maps", "--workers", 0)
    assert result.exit_code == 0, result.output
    result = call("contamination", own, "--predictions", f"mine={folder.parent / 'maps'}", "--workers", 0)
    assert result.exit_code == 0, result.output
    return folder


FROM_PASSES = (
    "doctor",
    "contamination",
    "tau",
    "geometry",
    "per-class",
    "boundary",
    "coverage",
    "gradient",
    "compare",
    "power",
)
"""Commands that cached passes and replays answer."""


def test_tables_of_cached_passes(runs: Path) -> None:
    tables = [[command, "runs"] for command in FROM_PASSES]
    estimate = ["estimate", "own.pth", "--unlabeled", "data/val.txt"]
    saved = ["contamination", "own.pth", "--predictions", "mine=maps"]
    run("diag", *tables, estimate, saved, folder=runs.parent, without=HEAVY + SLOW)


def test_pictures_and_sheets_of_cached_passes(runs: Path) -> None:
    pictures = ["qualitative", "runs", "--count", "1", "--out", "grid"]
    sheets = [["duel", "runs", "--count", "4"], ["audit-labels", "runs/farm-none-0", "--count", "4", "--tau", "0.5"]]
    report = ["report", "runs", "--count", "1"]
    others = [["check-data", "runs/farm-none-0"]]
    sheets.append(["duel", "runs", "--unlabeled", "data/photographs.txt", "--count", "4", "--out", "without-masks"])
    run("diag", ["tsne", "runs"], pictures, *sheets, report, *others, folder=runs.parent)


PYTHON = """
import sys
import pixcon_diag as pxd
from pixcon_diag.cache.replay import options_of
checkpoint = pxd.load("runs/farm-clean-0")
assert pxd.measure(checkpoint).iou.miou() > 0
assert pxd.replay(checkpoint, options=options_of(checkpoint)).stored is not None
pxd.Study(["runs"]).contamination()
loaded = [name for name in {heavy} if name in sys.modules]
assert not loaded, f"loads {{loaded}}"
"""


@pytest.mark.slow
def test_cached_passes_from_python(runs: Path) -> None:
    probe = [sys.executable, "-c", PYTHON.format(heavy=HEAVY)]
    done = subprocess.run(probe, cwd=runs.parent, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
