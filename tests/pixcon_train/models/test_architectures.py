"""The registry of architectures, and what follows from it."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from pixcon_train.config.schema import ModelConfig
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.build import build_model


def test_the_protocol_belongs_to_the_architecture() -> None:
    assert {name: known.protocol for name, known in ARCHITECTURES.items()} == {
        "unimatch_v2": "unimatch-v2",
        "pixcon": "pixcon",
    }


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_network_matches_its_own_architecture_alone(name: str) -> None:
    model = build_model(name, "nano", 3, projection=False)
    assert model.architecture == name
    assert [known.name for known in ARCHITECTURES.values() if known.matches(model.state_dict())] == [name]
    assert (model.encoder.dim, model.encoder.patch_size) == (model.encoder_dim, model.patch_size)


def test_the_configuration_knows_the_architectures() -> None:
    with pytest.raises(ValidationError, match=r"expected one of unimatch_v2, pixcon \(did you mean 'pixcon'\?\)"):
        ModelConfig(architecture="pixcn", size="nano")


def test_the_registries_import_no_torch() -> None:
    code = "import sys, pixcon_train.config.schema; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
