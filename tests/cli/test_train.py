"""`pixcon-train`: short commands, clear refusals, exit codes."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from safetensors import safe_open

from pixcon_cli.console import notes
from pixcon_cli.diag import main as diagnose
from pixcon_cli.options import _KEYS, command_line_values
from pixcon_cli.train import main
from pixcon_cli.training import TrainingDisplay, epoch_line
from pixcon_train.config.resolve import known_keys
from pixcon_train.core.yaml_files import parse_yaml
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, LATEST
from tests.pixcon_train.tiny import tiny_values, write_tiny


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def sets(spec: Path, **changes: Any) -> list[str]:
    return [part for key, value in tiny_values(spec, **changes).items() for part in ("--set", f"{key}={value}")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Folder of a finished run of one epoch, and what the command said."""
    root = tmp_path_factory.mktemp("cli")
    spec = write_tiny(root)
    result = call("run", *sets(spec, schedule__epochs=1), "--bank", "clean", "--seed", 4, "--runs", root / "runs")
    return root / "runs" / "tiny-pixcon-clean-4", result


def test_a_run_with_another_encoder_is_measured(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path)
    values = sets(spec, schedule__epochs=1, data__crop=32)
    run = call("run", *values, "--encoder", "dinov3", "--runs", tmp_path / "runs", "--name", "v3")
    assert run.exit_code == 0, run.output
    where = ("--dataset", spec, "--data-root", tmp_path, "--list", tmp_path / "val.txt", "--json")
    found = CliRunner().invoke(diagnose, ["contamination", str(tmp_path / "runs/v3"), *map(str, where)])
    assert found.exit_code == 0, found.output
    (result,) = json.loads(found.stdout)["results"]
    assert result["provenance"]["checkpoint"]["size"] == "nano-dinov3"


def test_run_trains_and_says_where_the_files_are(trained: tuple[Path, Result]) -> None:
    folder, result = trained
    assert result.exit_code == 0, result.output
    assert "2 labeled, 8 unlabeled, 3 validation images, 3 classes" in result.stderr
    assert "epoch 1/1" in result.stderr
    assert f"{folder / BEST_EMA}" in result.stdout
    assert load_checkpoint(folder / LATEST).config["seed"] == 4


def test_a_second_run_of_the_same_name_is_refused(trained: tuple[Path, Result]) -> None:
    folder, _ = trained
    spec = folder.parents[1] / "tiny.yaml"
    result = call("run", *sets(spec), "--runs", folder.parent, "--name", folder.name)
    assert result.exit_code == 2
    assert "already holds a finished run" in result.stderr


def test_a_name_that_leads_elsewhere_is_refused(trained: tuple[Path, Result]) -> None:
    folder, _ = trained
    for name in ("..", ""):
        result = call("run", *sets(folder.parents[1] / "tiny.yaml"), "--runs", folder.parent, "--name", name)
        assert result.exit_code == 2 and "is no name for a run's folder" in result.stderr


def test_a_finished_run_is_not_trained_again(trained: tuple[Path, Result]) -> None:
    folder, _ = trained
    before = (folder / LATEST).stat().st_mtime_ns
    result = call("run", "--resume", folder)
    assert result.exit_code == 0, result.output
    assert "Best ema" in result.stdout
    assert f"Next: pixcon-diag doctor {folder}" in result.stdout and f"--logdir {folder.parent}" in result.stdout
    assert (folder / LATEST).stat().st_mtime_ns == before


def test_export_takes_a_run_s_folder(trained: tuple[Path, Result]) -> None:
    folder, _ = trained
    for weights, stem in (("ema", "best_ema"), ("student", "best_student")):
        result = call("export", folder, "--weights", weights, "--out", folder / "x.safetensors")
        assert result.exit_code == 0 and f"{weights} weights" in result.stdout, result.output
        (folder / "x.safetensors").unlink()
        result = call("export", folder, "--weights", weights)
        assert result.exit_code == 0 and (folder / f"{stem}.safetensors").is_file(), result.output
        (folder / f"{stem}.safetensors").unlink()


def test_export_writes_beside_the_checkpoint(trained: tuple[Path, Result]) -> None:
    folder, _ = trained
    result = call("export", folder / BEST_EMA)
    assert result.exit_code == 0, result.output
    assert "pixcon nano, 3 classes, ema weights of epoch 1" in result.stdout
    with safe_open(folder / "best_ema.safetensors", framework="pt") as handle:
        assert json.loads(handle.metadata()["description"])["classes"] == ["dark", "red", "blue"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "--dataset", "digit"], 2, "did you mean 'digits'"),
        (["run", "--dataset", "camvid"], 2, "--data-root"),
        (["run", "--set", "data.dataset=5"], 2, "Unknown data set '5'"),
        (["run", "--set", "preset=5"], 2, "No preset '5'"),
        (["run", "--preset", "pixkon"], 2, "did you mean 'pixcon'"),
        (["run", "--recipe", "smal"], 2, "did you mean 'small'"),
        (["run", "--bank", "cleen"], 2, "'clean'"),
        (["run", "--crop", "100"], 2, "multiple of 14"),
        (["run", "--set", "schedule.epoch=3"], 2, "did you mean 'schedule.epochs'"),
        (["run", "--config", "none.yaml"], 2, "none.yaml"),
        (["run", "--labelled", "x"], 2, "--labeled"),
        (["rnu"], 2, "No such command 'rnu'"),
        (["run", "--resume", "nowhere"], 4, "nowhere"),
        (["run", "--resume", "nowhere", "--config", "x.yaml"], 2, "--config applies to a new run"),
        (["export", "none.pth"], 4, "none.pth"),
        (["split", "none.txt", "--dataset", "pascal", "--data-root", ".", "--count", "3"], 3, "none.txt"),
    ],
)
def test_a_mistake_is_one_message(monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str) -> None:
    monkeypatch.delenv("PIXCON_DATA_ROOT", raising=False)
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pixcon_train.config.resolve.preset_names", broken)
    assert isinstance(call("presets").exception, ZeroDivisionError)


def test_show_config_prints_what_config_reads(tmp_path: Path) -> None:
    first = call("show-config", "--dataset", "digits", "--epochs", 3, "--set", "optimizer.lr=5e-6")
    assert first.exit_code == 0, first.output
    values = parse_yaml(first.stdout, "shown")
    assert (values["schedule"]["epochs"], values["optimizer"]["lr"], values["preset"]) == (3, 5e-6, "pixcon")
    (tmp_path / "mine.yaml").write_text(first.stdout)
    assert call("show-config", "--config", tmp_path / "mine.yaml").stdout == first.stdout


def test_a_file_names_its_preset_and_data_set(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("preset: unimatch-v2\ndata: {dataset: pascal}\n")
    values = parse_yaml(call("show-config", "--config", tmp_path / "mine.yaml").stdout, "shown")
    assert (values["preset"], values["model"]["architecture"], values["data"]["crop"]) == (
        "unimatch-v2",
        "unimatch_v2",
        518,
    )
    other = parse_yaml(call("show-config", "--config", tmp_path / "mine.yaml", "--preset", "pixcon").stdout, "shown")
    assert (other["preset"], other["model"]["architecture"]) == ("pixcon", "pixcon")


def test_another_recipe_brings_a_large_data_set_to_a_cpu() -> None:
    values = parse_yaml(call("show-config", "--dataset", "pascal", "--recipe", "small").stdout, "shown")
    assert (values["data"]["dataset"], values["model"]["size"]) == ("pascal", "nano")


def test_presets_are_listed_with_their_recipes() -> None:
    result = call("presets")
    assert "unimatch-v2" in result.stdout
    assert "cityscapes" in result.stdout


def test_every_option_sets_a_key_that_exists() -> None:
    assert {key for key, _ in _KEYS.values()} <= set(known_keys())


def test_set_goes_before_a_first_class_option() -> None:
    arguments: dict[str, Any] = {flag.removeprefix("--").replace("-", "_"): None for flag in _KEYS}
    arguments |= {"epochs": 3, "seed": 1, "assignments": ("schedule.epochs=5",)}
    assert command_line_values(arguments) == {"schedule.epochs": 5, "seed": 1}


def test_an_epoch_line_has_rates_in_per_cent() -> None:
    record = {
        "epoch": 2,
        "epochs": 5,
        "losses": {"loss": 1.25, "loss_x": 1.0, "loss_u": 0.5, "loss_pix": 2.0},
        "retention": 0.125,
        "bank": {"fill": 0.5, "entries": [1]},
        "validation": {"student": {"miou": 0.4}, "ema": {"miou": 0.5}},
        "seconds": 61.2,
    }
    line = epoch_line(record)
    assert line.startswith("epoch 2/5  loss 1.250 (x 1.000, u 0.500, pix 2.000)  retained 12.5%  bank 50%")
    assert line.endswith("mIoU student 40.00, EMA 50.00  61 s")
    noisy = {**record, "contamination": 0.25, "bank": {**record["bank"], "contamination": 0.03125}}
    assert "retained 12.5% (ρ_F 25.00%)  bank 50% (ρ_F 3.12%)" in epoch_line(noisy)
    assert "bank" not in epoch_line({**record, "bank": None})
    assert "mIoU" not in epoch_line({**record, "validation": {}})


def test_the_display_can_be_left_at_any_point() -> None:
    with TrainingDisplay(notes()) as display:
        display.started(["a", "b"], 0, 10)
        display.stepped(1)
        display.progressed("validation (ema)", 1, 2)


def test_every_command_explains_itself() -> None:
    for name, command in main.commands.items():
        assert command.help, name
        for parameter in command.params:
            assert (
                isinstance(parameter, click.Argument) or parameter.name in {"help", "weights", "seed"} or parameter.help
            )
