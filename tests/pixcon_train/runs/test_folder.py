"""Run folders: names, nothing overwritten, and what a resumed run may change."""

from dataclasses import replace
from pathlib import Path

import pytest

from pixcon_train.config.named_paths import remember_paths
from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.yaml_files import read_yaml_mapping
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import CONFIG, LATEST
from pixcon_train.runs.folder import (
    OtherRunError,
    refuse_to_overwrite,
    resume_config,
    run_folder,
    run_name,
    save_config,
)
from tests.checkpoints import example_checkpoint
from tests.pixcon_train.tiny import tiny_config

CONFIGURATION = tiny_config(Path("/data/tiny.yaml"), seed=3, bank__rule="labeled")


def put_run(folder: Path, *, finished: bool, config: TrainConfig = CONFIGURATION) -> None:
    remember_paths(config)  # as training does
    save_checkpoint(folder / LATEST, example_checkpoint(progress={"finished": finished}, config=config.model_dump()))


def test_a_run_is_named_after_data_preset_rule_and_seed() -> None:
    assert run_name(CONFIGURATION) == "tiny-pixcon-labeled-3"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../other", "/tmp/other", "a/b", "..\\other", "a\0", "a\nb", "é" * 128]
)
def test_a_run_s_name_does_not_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"no name for a run's folder.*--runs"):
        run_folder(tmp_path, name)
    assert run_folder(tmp_path, "a..b 1-8") == tmp_path / "a..b 1-8"


@pytest.mark.parametrize(("finished", "words"), [(True, "a finished run"), (False, "an unfinished run.*--resume")])
def test_nothing_is_overwritten(tmp_path: Path, finished: bool, words: str) -> None:
    put_run(tmp_path / "mine", finished=finished)
    with pytest.raises(ConfigError, match=words + ".*--name"):
        refuse_to_overwrite(tmp_path / "mine")
    refuse_to_overwrite(tmp_path / "other")


def test_a_resumed_run_may_use_the_machine_otherwise(tmp_path: Path) -> None:
    put_run(tmp_path, finished=False)
    config = resume_config(tmp_path, {"runtime.workers": 5, "data.root": "/moved", "schedule.patience": 2})
    assert (config.runtime.workers, config.data.root, config.schedule.patience) == (5, "/moved", 2)
    assert config.seed == 3


@pytest.mark.parametrize("change", [{"optimizer.lr": 0.5}, {"schedule.epochs": 3}, {"seed": 4}, {"bank.rule": "clean"}])
def test_a_resumed_run_stays_the_same_run(tmp_path: Path, change: dict[str, object]) -> None:
    put_run(tmp_path, finished=False)
    with pytest.raises(ConfigError, match="neither configuration"):
        resume_config(tmp_path, change)


def test_every_value_that_differs_is_named(tmp_path: Path) -> None:
    put_run(tmp_path, finished=False)
    with pytest.raises(OtherRunError) as caught:
        resume_config(tmp_path, {"optimizer.lr": 0.5, "seed": 4})
    assert f"'seed' is 3 in {tmp_path} and cannot change to 4" in caught.value.differences
    assert "'optimizer.lr' is" in caught.value.differences and "to 0.5" in caught.value.differences


def test_there_must_be_a_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"latest\.pth"):
        resume_config(tmp_path, {})


def test_a_checkpoint_of_an_older_configuration_says_so(tmp_path: Path) -> None:
    old = replace(example_checkpoint(), config={"schedule": {"epoch": 3}})
    save_checkpoint(tmp_path / LATEST, old)
    with pytest.raises(ConfigError, match=r"'schedule\.epoch' in .*latest\.pth"):
        resume_config(tmp_path, {})


def test_a_run_from_before_an_option_goes_on_with_its_default(tmp_path: Path) -> None:
    config = CONFIGURATION.model_dump()
    del config["consistency"]["threshold"], config["data"]["unlabeled_truth"]
    remember_paths(CONFIGURATION)
    save_checkpoint(tmp_path / LATEST, example_checkpoint(progress={"finished": False}, config=config))
    assert resume_config(tmp_path, {}) == CONFIGURATION
    with pytest.raises(ConfigError, match=r"'consistency.threshold.rule' is 'fixed' in .*cannot change to 'dynamic'"):
        resume_config(tmp_path, {"consistency.threshold.rule": "dynamic"})


def test_the_resolved_configuration_is_saved(tmp_path: Path) -> None:
    save_config(tmp_path, CONFIGURATION)
    assert read_yaml_mapping(tmp_path / CONFIG) == CONFIGURATION.model_dump()


def test_a_stranger_s_run_does_not_choose_which_files_are_read(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "private/tiny.yaml", seed=3)
    save_checkpoint(tmp_path / LATEST, example_checkpoint(progress={"finished": False}, config=config.model_dump()))
    with pytest.raises(ConfigError, match=r"latest\.pth names .*private as the data root.*--allow-outside"):
        resume_config(tmp_path, {})
    with pytest.raises(ConfigError, match=r"latest\.pth names .*tiny\.yaml as `data\.dataset`.*--allow-outside"):
        resume_config(tmp_path, {"data.root": str(tmp_path / "mine")})
    assert resume_config(tmp_path, {}, allow_outside=True) == config
