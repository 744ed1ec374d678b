"""Which checkpoints are seeds of one method: by the user's word, or by the configurations beside them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_diag.checkpoints.description import RunRecord
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.groups.arguments import Group, find_groups, of_model, short_name, split_name, with_names
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.runs.file_names import BEST_EMA

CONFIG = {"seed": 0, "data": {"root": "/a", "crop": 56}, "bank": {"rule": "clean", "weight": 0.1}}
NONE = {**CONFIG, "bank": {"rule": "none", "weight": 0.0}}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(path: str, config: Mapping[str, Any] | None = CONFIG, **changes: Any) -> str:
    """A run's folder; only that files exist counts here."""
    folder = Path(path)
    folder.mkdir(parents=True)
    (folder / BEST_EMA).touch()
    if config is not None:
        (folder / "config.yaml").write_text(json.dumps({**config, **changes}))
    return path


def found(*arguments: str) -> dict[str, tuple[str, ...]]:
    return {group.name: group.sources for group in find_groups(arguments)}


def test_a_group_is_named_and_has_its_paths() -> None:
    run("runs/a"), run("runs/b")
    Path("c.pth").touch()
    assert found("mine=runs/b,runs/a,c.pth") == {"mine": ("runs/b", "runs/a", "c.pth")}
    assert found("mine=runs", "other=c.pth") == {"mine": ("runs/a", "runs/b"), "other": ("c.pth",)}


def test_a_file_and_a_run_folder_are_groups_of_their_own() -> None:
    run("runs/farm-none-0")
    Path("weights_0.1.pth").touch()
    assert found("runs/farm-none-0", "weights_0.1.pth") == {
        "farm-none-0": ("runs/farm-none-0",),
        "weights_0.1": ("weights_0.1.pth",),
    }


def test_seeds_of_one_recipe_are_together_and_the_baseline_is_first() -> None:
    run("runs/a0"), run("runs/a1", seed=1, data={"root": "/b", "crop": 56}), run("runs/z0", NONE)
    run("runs/z1", NONE, seed=1, runtime={"device": "cuda"})
    assert find_groups(["runs"]) == (
        Group("none", ("runs/z0", "runs/z1")),
        Group("clean", ("runs/a0", "runs/a1")),
    )


def test_what_differs_beside_the_rule_is_in_the_name() -> None:
    run("runs/a", bank={"rule": "clean", "weight": 0.1})
    run("runs/b", bank={"rule": "clean", "weight": 0.2})
    run("runs/c", bank={"rule": "clean", "weight": 0.2}, data={"root": "/a", "crop": 70})
    run("runs/z", NONE)
    assert list(found("runs")) == [
        "none, weight=0.0, crop=56",
        "clean, weight=0.1, crop=56",
        "clean, weight=0.2, crop=56",
        "clean, weight=0.2, crop=70",
    ]


def test_a_key_within_a_part_of_a_section_is_told_with_that_part() -> None:
    for name, rule, rate in (("a", "fixed", 0.0), ("b", "dynamic", 0.0), ("c", "fixed", 0.2)):
        run(f"runs/{name}", bank={"rule": "soft"}, consistency={"threshold": {"rule": rule}, "noise": {"rate": rate}})
    assert list(found("runs")) == [
        "noise.rate=0.0, threshold.rule=dynamic",
        "noise.rate=0.0, threshold.rule=fixed",
        "noise.rate=0.2, threshold.rule=fixed",
    ]


def test_two_keys_that_end_alike_do_not_make_one_name() -> None:
    run("runs/a", bank={"rule": "clean"}, loss={"weight": 1}, aux={"weight": 2})
    run("runs/b", bank={"rule": "clean"}, loss={"weight": 2}, aux={"weight": 1})
    run("runs/c", bank={"rule": "clean"}, loss={"weight": 2}, aux={"weight": 2})
    assert len(found("runs")) == 3


def test_runs_without_a_configuration_are_alone() -> None:
    run("runs/x", None), run("runs/y", None), run("runs/z")
    assert found("runs") == {"clean": ("runs/z",), "x": ("runs/x",), "y": ("runs/y",)}


def test_a_recipe_that_nothing_tells_from_others_has_its_folder_s_name() -> None:
    """A configuration of another program, without a bank."""
    run("runs/x0", {"lr": 1}), run("runs/x1", {"lr": 1})
    assert found("runs") == {"x0": ("runs/x0", "runs/x1")}


def test_none_named_are_the_runs_here() -> None:
    with pytest.raises(CheckpointError, match=r"there are no runs in ./runs.*pixcon-train run"):
        find_groups([])
    Path("runs/notes").mkdir(parents=True)
    with pytest.raises(CheckpointError, match=r"there are no runs in ./runs"):
        find_groups([])
    run("runs/a0"), run("runs/z0", NONE)
    assert find_groups([]) == (Group("none", ("runs/z0",)), Group("clean", ("runs/a0",)))


def test_other_folders_can_be_runs() -> None:
    """A command that reads logs needs no checkpoint."""
    Path("logs/one").mkdir(parents=True)
    Path("logs/one/log.jsonl").touch()
    assert find_groups(["logs"], holds_run=lambda folder: (folder / "log.jsonl").is_file()) == (
        Group("one", ("logs/one",)),
    )


def test_which_weights_count_decides_which_folders_are_runs() -> None:
    run("runs/a")
    with pytest.raises(CheckpointError, match=r"runs holds no checkpoint \(best_student.pth or latest.pth\)"):
        find_groups(["runs"], weights="student")


def test_equal_names_become_places() -> None:
    for folder in ("one", "two"):
        run(f"{folder}/x"), run(f"{folder}/y")
    assert list(found("one/x", "two/x", "one/y", "two/y")) == ["one/x", "two/x", "one/y", "two/y"]
    assert found("one", "two") == {"one/clean": ("one/x", "one/y"), "two/clean": ("two/x", "two/y")}


def test_a_name_given_twice_is_refused_and_goes_before_a_path_s() -> None:
    run("x"), run("y")
    assert found("z=x", "y") == {"z": ("x",), "y": ("y",)}
    with pytest.raises(ConfigError, match="Two groups are called 'mine'"):
        find_groups(["mine=x", "mine=y"])


@pytest.mark.parametrize("argument", ["mine=", "=x", "mine=,"])
def test_half_a_group_is_refused(argument: str) -> None:
    with pytest.raises(ConfigError, match=r"Expected name=path"):
        find_groups([argument])


def test_an_equals_sign_may_be_part_of_a_path() -> None:
    run("lr=0.1"), run("runs/lr=0.2")
    assert found("lr=0.1", "runs/lr=0.2") == {"lr=0.1": ("lr=0.1",), "lr=0.2": ("runs/lr=0.2",)}
    assert split_name("./mine=x") == (None, "./mine=x")
    assert split_name("mine=lr=0.1") == ("mine", "lr=0.1")


def test_a_group_may_be_longer_than_a_path_can_be() -> None:
    names = [run(f"run-number-{index:03d}") for index in range(300)]
    assert found(f"all={','.join(names)}") == {"all": tuple(names)}


def test_addresses_on_the_hub_are_taken_as_they_are() -> None:
    address = "hf://owner/weights/vocab=8/best.pth"
    assert found(address) == {"vocab=8": (address,)}
    assert found(f"mine={address},hf://owner/other/seed1.pth") == {"mine": (address, "hf://owner/other/seed1.pth")}


def test_an_empty_folder_says_what_was_expected() -> None:
    Path("empty").mkdir()
    with pytest.raises(CheckpointError, match="empty holds no checkpoint"):
        find_groups(["empty"])
    with pytest.raises(CheckpointError, match="empty holds no checkpoint"):
        find_groups(["mine=empty"])


def test_short_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("lr0.1")
    assert [short_name(each) for each in ("lr0.1", "lr0.1/", "a/seed3.pth", "a/best.pth", "best.pth")] == [
        "lr0.1",
        "lr0.1",
        "seed3",
        "a",
        "best",
    ]
    assert short_name(".") == tmp_path.name
    Path("here").mkdir()
    monkeypatch.chdir("here")
    assert short_name("../best.pth") == tmp_path.name
    assert short_name("hf://owner/weights/model.safetensors") == "weights"


def files(*names: str, seeds: tuple[int, ...] = ()) -> list[LoadedCheckpoint]:
    """Checkpoints called so, of runs with these seeds."""
    loaded = [wrap_module(torch.nn.Conv2d(3, 2, 1), 2, name=name) for name in names]
    owns: list[Any] = [RunRecord(config={"seed": seed}, data={}, root="", lists={}) for seed in seeds] or [None] * len(
        names
    )
    sources = [f"{place}/{each.name}.pth" for place, each in enumerate(loaded)]
    return [
        replace(each, run=own, info=replace(each.info, source=source))
        for each, own, source in zip(loaded, owns, sources, strict=True)
    ]


@pytest.mark.parametrize(
    ("loaded", "names"),
    [
        (files("../best"), ["umv2"]),
        (files("a", "b", seeds=(0, 3)), ["umv2 seed 0", "umv2 seed 3"]),
        (files("a", "b", seeds=(0, 0)), ["umv2/a", "umv2/b"]),
        (files("a", "b"), ["umv2/a", "umv2/b"]),
        (files("a", "a"), ["umv2 1", "umv2 2"]),
    ],
)
def test_a_name_that_was_given_is_in_every_member_s(loaded: list[LoadedCheckpoint], names: list[str]) -> None:
    group = Group("umv2", tuple(each.info.source for each in loaded), given=True)
    assert [each.name for each in with_names([(group, loaded)])[0]] == names


def test_files_without_a_given_name_are_called_as_they_are_and_disambiguate_by_place() -> None:
    loaded = [*files("weights", "weights"), *files("other")]
    groups = [(Group(each.name, (each.info.source,)), [each]) for each in loaded]
    assert [each.name for (each,) in with_names(groups)] == ["0/weights.pth", "1/weights.pth", "other"]
    given = (Group("weights", ("x",), given=True), files("x"))
    assert [each.name for (each,) in with_names([groups[1], given])] == ["1/weights.pth", "weights"]


SPEC = "torchvision:fcn_resnet50"


def test_networks_of_other_code_are_named_by_their_weights_or_themselves() -> None:
    arguments = ["net.py:build@runs/a/best.pth", "two=hf:o/n,smp:o/u@w.pth", SPEC]
    assert find_groups(arguments) == (
        Group("a", ("net.py:build@runs/a/best.pth",)),
        Group("two", ("hf:o/n", "smp:o/u@w.pth"), given=True),
        Group("fcn_resnet50", (SPEC,)),
    )


def test_one_network_for_the_weights_of_all_checkpoints() -> None:
    assert of_model(["a.pth", "two=b.pth,net.py:build@c.pth"], SPEC) == [
        f"{SPEC}@a.pth",
        f"two={SPEC}@b.pth,net.py:build@c.pth",
    ]
    assert of_model({"two": ["b.pth", "c.pth"]}, SPEC) == {"two": [f"{SPEC}@b.pth", f"{SPEC}@c.pth"]}
    assert of_model([], SPEC) == [SPEC] and of_model(["a.pth"], None) == ["a.pth"]
    with pytest.raises(ConfigError, match="Could not read 'fcn' as a network"):
        of_model(["a.pth"], "fcn")
