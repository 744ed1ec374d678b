"""From layers of values to one configuration: precedence, unknown keys, bad values, presets."""

from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel

from pixcon_train.config.resolve import (
    Layer,
    build_config,
    commented_yaml,
    dotted_layer,
    file_layer,
    known_keys,
    merge,
    parse_assignments,
    preset_layers,
    preset_names,
    read_preset,
)
from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.yaml_files import dump_yaml, flatten, parse_yaml

RECIPES = {"pascal", "cityscapes", "ade20k", "coco", "small", "camvid", "digits"}


def with_line(**values: object) -> TrainConfig:
    named = {key.replace("__", "."): value for key, value in values.items()}
    return build_config([*preset_layers("pixcon", "digits"), dotted_layer("the command line", named)])


@pytest.mark.parametrize("preset", preset_names())
def test_every_recipe_of_every_preset_is_a_whole_configuration(preset: str) -> None:
    assert set(read_preset(preset)["recipes"]) == RECIPES
    for recipe in RECIPES:
        assert build_config(preset_layers(preset, recipe)).preset == preset


# Values of spec/reference-facts (release) and of the paper's Table 5.
@pytest.mark.parametrize(
    ("preset", "recipe", "crop", "epochs", "batch", "ohem"),
    [
        ("unimatch-v2", "pascal", 518, 60, 16, False),
        ("unimatch-v2", "cityscapes", 798, 180, 8, True),
        ("unimatch-v2", "ade20k", 518, 60, 8, False),
        ("pixcon", "pascal", 518, 60, 16, False),
        ("pixcon", "cityscapes", 686, 120, 16, True),
        ("pixcon", "ade20k", 518, 60, 16, False),
    ],
)
def test_recipes_have_the_published_values(
    preset: str, recipe: str, crop: int, epochs: int, batch: int, ohem: bool
) -> None:
    config = build_config(preset_layers(preset, recipe))
    assert (config.data.crop, config.schedule.epochs, config.schedule.batch, config.loss.ohem) == (
        crop,
        epochs,
        batch,
        ohem,
    )
    assert (config.optimizer.lr, config.optimizer.lr_factor, config.optimizer.weight_decay) == (5e-6, 40.0, 0.01)


def test_presets_differ_where_paper_and_release_do() -> None:
    release = build_config(preset_layers("unimatch-v2", "pascal"))
    paper = build_config(preset_layers("pixcon", "pascal"))
    assert (release.consistency.dropout, paper.consistency.dropout) == ("encoder", "fused")
    assert (release.data.scale_of, paper.data.scale_of) == ("image", "base")
    assert (release.optimizer.decay_1d, paper.optimizer.decay_1d) == (True, False)
    assert (release.bank.rule, paper.bank.rule) == ("none", "clean")


def test_command_line_goes_before_file_before_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("schedule: {epochs: 7, batch: 2}\noptimizer: {lr: 5e-4}\n")
    config = build_config(
        [*preset_layers("pixcon", "digits"), file_layer(path), dotted_layer("line", {"schedule.epochs": 9})]
    )
    assert (config.schedule.epochs, config.schedule.batch, config.optimizer.lr) == (9, 2, 5e-4)
    assert config.optimizer.lr_factor == 1.0  # of the recipe
    assert config.optimizer.power == 0.9  # of the preset
    assert config.runtime.log_every == 20  # of the defaults


def test_a_resolved_configuration_reads_back_unchanged() -> None:
    config = with_line(schedule__epochs=3)
    assert build_config([Layer("copy", parse_yaml(dump_yaml(config.model_dump()), "copy"))]) == config


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("schedule.epoch", "schedule.epochs"),
        ("epochs", "schedule.epochs"),
        ("optimiser.lr", "optimizer.lr"),
        ("schedule.crop", "data.crop"),
        ("bnk.tau", "bank.tau"),
        ("tau", "bank.tau"),
    ],
)
def test_an_unknown_key_names_the_nearest(key: str, near: str) -> None:
    with pytest.raises(ConfigError, match=rf"'{key}' in the command line \(did you mean '{near}'\?\)"):
        build_config([*preset_layers("pixcon", "digits"), dotted_layer("the command line", {key: 1})])


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("schedule.epochs", "many", ["schedule.epochs", "'many'", "the command line", "integer"]),
        ("schedule.epochs", 0, ["greater than or equal to 1"]),
        ("schedule.epochs", True, ["integer"]),
        ("data.crop", 100, ["multiple of 14"]),
        ("bank.rule", "cleen", ["'cleen'", "'clean'"]),
        ("schedule.micro_batch", 3, ["no multiple"]),
        ("data.scale_min", 3.0, ["above scale_max"]),
        ("data.scale_max", 1e300, ["less than or equal to 16"]),
        ("runtime.workers", 100_000, ["less than or equal to 256"]),
        ("schedule", 3, ["is a section"]),
        ("seed.x", 3, ["Unknown configuration key 'seed.x'"]),
    ],
)
def test_a_bad_value_is_one_clear_message(key: str, value: object, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config([*preset_layers("pixcon", "digits"), dotted_layer("the command line", {key: value})])
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_value_nobody_sets_is_named() -> None:
    with pytest.raises(ConfigError, match=r"No value for 'data\.crop'"):
        build_config([Layer("nothing", {"data": {}})])


def test_unknown_preset_and_recipe_name_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'pixcon'"):
        preset_layers("pixkon", "digits")
    with pytest.raises(ConfigError, match="did you mean 'pascal'"):
        preset_layers("pixcon", "pascall")


def test_assignments_are_read_as_yaml() -> None:
    values = parse_assignments(["optimizer.lr=5e-6", "schedule.patience=null", "loss.ohem=true", "data.root=/a=b"])
    assert values == {"optimizer.lr": 5e-6, "schedule.patience": None, "loss.ohem": True, "data.root": "/a=b"}
    with pytest.raises(ConfigError, match=r"expected key\.path=value"):
        parse_assignments(["schedule.epochs"])


def test_merge_leaves_its_arguments_alone() -> None:
    below, above = {"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"y": 5}}
    assert merge(below, above) == {"a": {"x": 1, "y": 5}, "b": 3}
    assert below == {"a": {"x": 1, "y": 2}, "b": 3}
    assert above == {"a": {"y": 5}}


def test_flatten_gives_dotted_keys() -> None:
    assert flatten({"a": {"b": {"c": 1}}, "d": 2}) == {"a.b.c": 1, "d": 2}


def test_known_keys_are_those_of_a_configuration() -> None:
    assert set(known_keys()) == set(flatten(with_line().model_dump()))


def test_every_field_says_what_it_is() -> None:
    def described(model: type[BaseModel]) -> None:
        for name, field in model.model_fields.items():
            nested = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
            assert nested or field.description, f"{model.__name__}.{name} has no docstring"
            if nested:
                described(field.annotation)  # type: ignore[arg-type]

    described(TrainConfig)


def test_it_reads_back_as_the_same_configuration() -> None:
    for preset, recipe in (("pixcon", "digits"), ("unimatch-v2", "cityscapes")):
        config = build_config(preset_layers(preset, recipe))
        assert build_config([Layer("copy", parse_yaml(commented_yaml(config), "copy"))]) == config


def test_every_value_is_explained_just_above() -> None:
    lines = commented_yaml(build_config(preset_layers("pixcon", "digits"))).splitlines()
    names = {key.rsplit(".", 1)[-1] for key in known_keys()}
    for above, line in pairwise(lines):
        if line.split(":")[0].strip() in names and not line.strip().startswith("#"):
            assert above.strip().startswith("# ") and len(above.strip()) > 3, line
