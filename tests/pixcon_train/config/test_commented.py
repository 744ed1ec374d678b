"""The explained YAML of a configuration."""

from itertools import pairwise

from pixcon_train.config.resolve import Layer, build_config, commented_yaml, known_keys, preset_layers
from pixcon_train.core.yaml_files import parse_yaml


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
