"""From a sweep's file to its runs, and every mistake in one as one message."""

from pathlib import Path
from typing import Any

import pytest

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.yaml_files import flatten
from pixcon_train.sweeps.grid import every_nth, read_sweep

BASE = "base: {dataset: digits, schedule: {epochs: 3}, data.crop: 28}\n"


def written(folder: Path, text: str) -> Path:
    (folder / "mine.yaml").write_text(text)
    return folder / "mine.yaml"


def test_every_combination_and_seed_is_a_run(tmp_path: Path) -> None:
    path = written(tmp_path, BASE + "grid: {bank.rule: [clean, labeled], bank: {tau: [0.5, 0.95]}}\nseeds: [0, 7]\n")
    sweep = read_sweep(path)
    assert sweep.name == "mine"
    assert [point.name for point in sweep.points] == [
        "bank.rule-clean--bank.tau-0.5--seed-0",
        "bank.rule-clean--bank.tau-0.5--seed-7",
        "bank.rule-clean--bank.tau-0.95--seed-0",
        "bank.rule-clean--bank.tau-0.95--seed-7",
        "bank.rule-labeled--bank.tau-0.5--seed-0",
        "bank.rule-labeled--bank.tau-0.5--seed-7",
        "bank.rule-labeled--bank.tau-0.95--seed-0",
        "bank.rule-labeled--bank.tau-0.95--seed-7",
    ]
    config = sweep.points[5].config
    assert (config.bank.rule, config.bank.tau, config.seed) == ("labeled", 0.5, 7)
    assert all((point.config.schedule.epochs, point.config.data.crop) == (3, 28) for point in sweep.points)


def test_several_grids_vary_one_value_at_a_time(tmp_path: Path) -> None:
    path = written(tmp_path, BASE + "name: table\ngrid:\n- bank.weight: [0.1, 0.3]\n- bank.size: [128]\n")
    sweep = read_sweep(path)
    assert sweep.name == "table"
    found = [(point.config.bank.weight, point.config.bank.size, point.config.seed) for point in sweep.points]
    assert found == [(0.1, 256, 0), (0.3, 256, 0), (0.1, 128, 0)]


def test_preset_recipe_and_data_set_are_values_too(tmp_path: Path) -> None:
    path = written(
        tmp_path, "base: {recipe: small}\ngrid: {preset: [pixcon, unimatch-v2], dataset: [digits, camvid]}\n"
    )
    found = [
        (point.config.preset, point.config.data.dataset, point.config.data.crop) for point in read_sweep(path).points
    ]
    assert found == [(p, d, 112) for p in ("pixcon", "unimatch-v2") for d in ("digits", "camvid")]


def test_a_data_set_brings_its_recipe(tmp_path: Path) -> None:
    path = written(tmp_path, "base: {dataset: cityscapes}\ngrid: {bank.rule: [none]}\n")
    assert read_sweep(path).points[0].config.data.crop == 686


def test_without_a_grid_the_seeds_are_the_runs(tmp_path: Path) -> None:
    points = read_sweep(written(tmp_path, "base: {dataset: digits}\nseeds: [3, 4]\n")).points
    assert [(point.name, point.config.seed) for point in points] == [("seed-3", 3), ("seed-4", 4)]


def test_changes_go_over_the_base(tmp_path: Path) -> None:
    path = written(tmp_path, BASE + "grid: {bank.rule: [none, clean]}\n")
    points = read_sweep(path, {"schedule.epochs": 9, "data.root": "/data"}).points
    assert {(point.config.schedule.epochs, point.config.data.root) for point in points} == {(9, "/data")}


def test_a_path_among_the_values_stays_one_folder(tmp_path: Path) -> None:
    path = written(tmp_path, BASE + "grid: {data.labeled: [splits/92/labeled.txt, ../a b]}\n")
    assert [point.name for point in read_sweep(path, allow_outside=True).points] == [
        "data.labeled-splits-92-labeled.txt--seed-0",
        "data.labeled-..-a-b--seed-0",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grids: {bank.rule: [clean]}", r"Unknown key 'grids' .*did you mean 'grid'"),
        ("grid: {}", r"`grid` .* is empty"),
        ("grid:", r"`grid` .* is empty"),
        ("grid: []", r"`grid` .* is empty"),
        ("grid: [{bank.rule: [clean]}, {}]", r"`grid` .* is empty"),
        ("grid: 5", r"`grid` .* is 5; expected a mapping"),
        ("base: [a]\ngrid: {bank.rule: [clean]}", r"`base` .* expected a mapping"),
        ("grid: {bank.rule: []}", r"'bank.rule' .* is \[\]; expected a list"),
        ("grid: {bank.rule: clean}", r"'bank.rule' .* is 'clean'; expected a list"),
        ("grid: {bank.rule: [clean, clean]}", r"'bank.rule' .* holds 'clean' twice"),
        ("grid: {bank.rule: [clean]}\nseeds: [1, 1]", r"`seeds` .* holds 1 twice"),
        ("grid: {bank.rule: [clean]}\nseeds: 3", r"`seeds` .* is 3; expected a list"),
        ("grid: {bank.rule: [clean]}\nseeds: [-1]", "'seed' is -1"),
        ("grid: {bank.rule: [clean]}\nbase: {seed: 1}", "'seed' is set like any other value"),
        ("grid: {seed: [1, 2]}", "'seed' is set like any other value"),
        ("grid: {bank.rul: [clean]}", r"'bank.rul' in .*mine.yaml .*did you mean 'bank.rule'"),
        ("grid: {bank.rule: [cleen]}", r"'bank.rule' is 'cleen' in .*mine.yaml"),
        ("grid: {bank.rule: [clean]}\nbase: {recipe: smal}", "did you mean 'small'"),
        ("grid: {bank.rule: [clean]}\nbase: {bank: {tau: 0.5}, bank.tau: 0.5}", "'bank.tau' is given twice"),
        ("grid: [{bank.tau: [0.5]}, {bank.tau: [0.6, 0.5]}]", "cannot be a folder of its own"),
        ("grid: [{bank.weight: [0.1]}, {bank.size: [256]}]", "would be the same run"),
        ("grid: {bank.rule: [none], bank.weight: [0.1, 0.2]}", "would be the same run"),
        ("grid: {data.labeled: [a/b, a b]}", "cannot be a folder of its own"),
        (f"grid: {{data.labeled: [{'x' * 300}]}}", "too long"),
        ("grid: {bank.rule: [clean]", "not valid YAML"),
        *(
            (f"name: {name}\ngrid: {{bank.rule: [clean]}}", r"no name for a sweep's folder.* as `name`.*--runs")
            for name in ("../../escape", ".", "..", "a/b", r'"a\nb"', r'"a\\b"', '""', "[a]", "2026", "x" * 256)
        ),
        (f"grid: {{optimizer.lr: {[n / 10**6 for n in range(1, 1002)]}}}", r"has 1,001 values; expected at most 1,000"),
        (f"grid: {{bank.rule: [none, clean]}}\nseeds: {[*range(501)]}", r"has 1,002 runs; expected at most 1,000"),
    ],
)
def test_a_mistake_is_one_message(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_sweep(written(tmp_path, text))


def test_what_the_grid_varies_is_not_changed_for_all(tmp_path: Path) -> None:
    path = written(tmp_path, BASE + "grid: {bank.rule: [none, clean]}\n")
    with pytest.raises(ConfigError, match=r"'bank\.rule' is varied by the grid"):
        read_sweep(path, {"bank.rule": "labeled"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        read_sweep(tmp_path / "none.yaml")


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9])
def test_shares_make_the_whole(tmp_path: Path, count: int) -> None:
    path = written(tmp_path, BASE + f"grid: {{bank.rule: [clean]}}\nseeds: {list(range(7))}\n")
    points = read_sweep(path).points
    shares = [every_nth(points, f"{share}/{count}") for share in range(1, count + 1)]
    assert sorted(point.name for share in shares for point in share) == sorted(point.name for point in points)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("share", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(ConfigError, match="expected i/n"):
        every_nth([], share)


def test_the_same_file_gives_the_same_runs(tmp_path: Path) -> None:
    path = written(tmp_path, BASE + "grid: {optimizer.lr: [5e-6, 1e-5], loss.ohem: [true, false]}\n")

    def listed() -> list[tuple[str, dict[str, Any]]]:
        return [(point.name, flatten(point.config.model_dump())) for point in read_sweep(path).points]

    assert listed() == listed()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data.root: /private", "names /private as the data root"),
        ("data.labeled: ../a.txt", "names .*a.txt as `data.labeled`"),
        ("dataset: /private/a.yaml", "names /private/a.yaml as `data.dataset`"),
        ("model.pretrained: ../a.pth", "names .*a.pth as `model.pretrained`"),
    ],
)
def test_a_file_does_not_choose_which_other_files_are_read(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, f"base: {{{text}}}\ngrid: {{bank.rule: [none]}}\n")
    with pytest.raises(ConfigError, match=f"{said}.*--allow-outside"):
        read_sweep(path)


def test_parents_lie_in_the_folder_of_the_runs(tmp_path: Path) -> None:
    """The names of the forks stay, wherever their parents are."""
    grid = "grid: {fork.checkpoint: [runs/a/epoch_1.pth, runs/b/epoch_1.pth]}\n"
    path = written(tmp_path, BASE + grid)
    here, there = read_sweep(path), read_sweep(path, runs=tmp_path / "elsewhere")
    assert [point.config.fork.checkpoint for point in here.points] == ["runs/a/epoch_1.pth", "runs/b/epoch_1.pth"]
    assert there.points[0].config.fork.checkpoint == str(tmp_path / "elsewhere/a/epoch_1.pth")
    assert [point.name for point in there.points] == [point.name for point in here.points]


def test_the_user_s_own_parent_lies_where_it_says(tmp_path: Path) -> None:
    path = written(
        tmp_path, "base: {dataset: digits, fork.checkpoint: ./runs/a/epoch_1.pth}\ngrid: {bank.rule: [none]}\n"
    )
    for own in ("runs/b/epoch_1.pth", "./runs/b/epoch_1.pth", "elsewhere/epoch_1.pth"):
        (point,) = read_sweep(path, {"fork.checkpoint": own}, runs=tmp_path / "other").points
        assert point.config.fork.checkpoint == own
    (point,) = read_sweep(path, runs=tmp_path / "other").points
    assert point.config.fork.checkpoint == str(tmp_path / "other/a/epoch_1.pth")


def test_a_file_s_name_is_a_folder_s_too(tmp_path: Path) -> None:
    (tmp_path / "a\nb.yaml").write_text("grid: {bank.rule: [clean]}\n")
    with pytest.raises(ConfigError, match="no name for a sweep's folder"):
        read_sweep(tmp_path / "a\nb.yaml")
