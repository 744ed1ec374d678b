"""Every command of docs/reproduce.md: sweeps are listed on made-up data, measurements made of made-up checkpoints."""

import csv
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pixcon_cli import diag, train
from pixcon_cli.run_names import without_common_parts
from pixcon_train.core.files import parse_json, to_json
from pixcon_train.core.yaml_files import dump_yaml
from pixcon_train.data.specs import get_spec
from pixcon_train.engine.cost import run_cost
from pixcon_train.engine.trainer import train as train_run
from pixcon_train.runs.checkpoint import load_checkpoint, save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, CONFIG
from pixcon_train.runs.log_file import LOG
from pixcon_train.sweeps.grid import Point, Sweep, find_sweep, read_sweep
from tests.cli.diagnose.asking import no_drawing

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/reproduce.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)).replace("\\\n", " ")
COMMANDS = [shlex.split(line) for line in SHELL.splitlines() if line]
SWEEPS = [words for words in COMMANDS if words[:2] == ["pixcon-train", "sweep"]]
MEASUREMENTS = [words for words in COMMANDS if words[0] == "pixcon-diag"]
FILES = [word for words in SWEEPS for word in words[2 : next(i for i, w in enumerate(words) if w.startswith("--"))]]
ROOTS = {"$VOC": "pascal", "$CITYSCAPES": "cityscapes", "$ADE": "ade20k"}
LISTS = {
    "pascal": ("92", "183", "366"),
    "cityscapes": ("1_16", "1_8", "1_4"),
    "ade20k": ("1_8",),
}
EDGE = 28
SMALL = {"model.size": "nano", "data.crop": EDGE, "schedule.batch": 8, "schedule.epochs": 1, "bank.dim": 8}
SMALL |= {"runtime.device": "cpu", "runtime.workers": 0, "optimizer.lr": 1e-3}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three data sets in their usual layout: 16 training images, of which 2 are labeled, and 2 to validate."""
    root = tmp_path_factory.mktemp("data")
    for dataset, splits in LISTS.items():
        lines = list(write_images(root / dataset, len(get_spec(dataset).classes)))
        for split in splits:
            folder = root / dataset / "splits" / dataset / split
            folder.mkdir(parents=True)
            (folder / "labeled.txt").write_text("".join(lines[:2]))
            (folder / "unlabeled.txt").write_text("".join(lines[2:18]))
        (root / dataset / "splits" / dataset / "val.txt").write_text("".join(lines[18:]))
    return root


def write_images(root: Path, classes: int) -> Iterator[str]:
    """Write images that show all classes, and yield their lines."""
    random = np.random.default_rng(0)
    root.mkdir()
    for number in range(20):
        mask = np.arange(EDGE * EDGE).reshape(EDGE, EDGE).astype(np.uint16) * classes // (EDGE * EDGE)
        mask[:2] = 255
        Image.fromarray(mask.astype(np.uint8)).save(root / f"{number}.png")
        Image.fromarray(random.integers(0, 256, (EDGE, EDGE, 3), dtype=np.uint8)).save(root / f"{number}.jpg")
        yield f"{number}.jpg {number}.png\n"


def call(words: list[str], data: Path, *more: str) -> Result:
    """The result of a command line of the page, without the folders of its author."""
    program, *arguments = words
    given = [str(data / ROOTS[word]) if word in ROOTS else word for word in arguments]
    main = {"pixcon-train": train.main, "pixcon-diag": diag.main}[program]
    return CliRunner().invoke(main, [*given, *more], env={"COLUMNS": "160", "PIXCON_DATA_ROOT": None})


def sweep_of(name: str, changes: Mapping[str, Any] | None = None) -> Sweep:
    return read_sweep(find_sweep(Path(name)), changes)


@pytest.mark.parametrize("words", SWEEPS, ids=lambda words: words[2])
@pytest.mark.parametrize("here", [True, False], ids=["data", "no data"])
def test_every_sweep_lists_its_runs(
    words: list[str], here: bool, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(words, data if here else tmp_path, "--dry-run")
    assert result.exit_code == 0, result.output
    names = [[point.name for point in sweep_of(name).points] for name in words[2:] if name in FILES]
    assert result.stdout.count("not started") == sum(map(len, names))
    shown = [name for of_one in names for name in without_common_parts(of_one)[0].values()]
    assert [name for name in shown if name not in result.stdout] == []
    assert ("note: " in result.stderr) is not here, result.stderr  # what is missing
    assert "GPU-hours are left" in result.stdout and not (tmp_path / "runs").exists()


def test_a_list_that_is_missing_is_named(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(["pixcon-train", "sweep", "pascal/thresholds", "--data-root", "$CITYSCAPES"], data, "--dry-run")
    assert result.exit_code == 0 and "note: No list at splits/pascal/183/labeled.txt" in result.stderr


def test_a_row_of_the_page_has_its_sweep_s_hours() -> None:
    """In bf16 with 4 images in a forward pass; the rows of the first table name every sweep of the page."""
    rows = re.findall(r"\| `([\w-]+)`, seeds?.* \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(name.replace("/", "-") for name in FILES)
    for name, hours in rows:
        dataset, _, sweep = name.partition("-")
        fast = {"runtime.precision": "bf16", "schedule.micro_batch": 4}
        costs = [run_cost(point.config) for point in sweep_of(f"{dataset}/{sweep}", fast).points]
        assert sum(cost.hours for cost in costs if cost is not None) == pytest.approx(float(hours), abs=0.051), name


def test_the_runs_that_are_measured_are_trained_by_the_sweeps() -> None:
    trained = {f"runs/{sweep.name}": {point.name for point in sweep.points} for sweep in map(sweep_of, FILES)}
    named = re.findall(r"runs/([\w-]+)(?:/([\w.-]+))?", SHELL + PAGE.replace("runs/SWEEP", ""))
    assert [name for name, run in named if f"runs/{name}" not in trained] == []
    assert [run for name, run in named if run and run not in trained[f"runs/{name}"]] == []


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of some points of the sweeps, which are copies of two trained ones."""
    folder = tmp_path_factory.mktemp("reproduce")
    for dataset, names in {
        "pascal": ("table1-183", "table1-92", "table10"),
        "ade20k": ("table3",),
    }.items():
        model = None
        for name in names:
            own = {key: value for key, value in SMALL.items() if key != "schedule.batch" or name != "table10"}
            sweep = sweep_of(f"{dataset}/{name}", own | {"data.root": str(data / dataset)})
            for point in sweep.points:
                if model is None:
                    model = folder / f"{dataset}-model"
                    train_run(point.config, model)
                if point.config.seed == 0:
                    write_run(folder / "runs" / sweep.name / point.name, point, model)
    return folder


def write_run(folder: Path, point: Point, model: Path) -> None:
    """Write the run of ``point`` with the weights and the log of ``model``."""
    folder.mkdir(parents=True)
    config = point.config.model_dump()
    for name in (BEST_EMA, BEST_STUDENT):
        save_checkpoint(folder / name, replace(load_checkpoint(model / name), config=config))
    (folder / CONFIG).write_text(dump_yaml(config))
    records = [parse_json(line) for line in (model / LOG).read_text().splitlines()]
    with (folder / LOG).open("w") as handle:
        for record in records:
            changed = record | ({"config": config} if record["event"] == "start" else {})
            handle.write(to_json(changed, indent=None) + "\n")


@pytest.mark.slow
def test_every_measurement_writes_what_the_page_says(runs: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the reports, whose tables the paper's whole validation lists need."""
    monkeypatch.chdir(runs)
    no_drawing(monkeypatch)
    for words in MEASUREMENTS:
        if words[1] == "report":
            diag.main.commands["report"].make_context("report", words[2:])
            continue
        own = [] if words[1] in ("dynamics", "sensitivity", "check-data") else ["--workers", "0"]
        result = call(words, data, *own)
        assert result.exit_code == 0, (words, result.output)
    named = set(re.findall(r"`(paper/[\w./-]+)`", PAGE))
    reports = {"paper/1/tables/paper_table1.tex", "paper/4/tables/paper_table4.tex"}
    assert reports <= named and [path for path in sorted(named - reports) if not (runs / path).is_file()] == []
    with (runs / "paper/1-183/dynamics_groups.csv").open() as handle:
        groups = list(csv.DictReader(handle))
    assert [group["group"] for group in groups] == ["none", "clean"] and all(group["best"] for group in groups)
