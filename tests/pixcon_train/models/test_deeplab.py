"""The releases with a ResNet: recognised by their keys, with the logits of a plain statement of the same network."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch

from pixcon_train.core.errors import CheckpointError
from pixcon_train.models.recipes import RECIPES
from pixcon_train.models.state import infer_architecture, model_from_state
from tests.pixcon_train.models import deeplab_states
from tests.pixcon_train.models.deeplab_states import STATES
from tests.pixcon_train.models.plain_deeplab import BLOCKS, RELEASES, Plain

IMAGES = torch.linspace(-2, 2, 3 * 75 * 94).sin().reshape(1, 3, 75, 94)
"""An image of odd height, so that rounding of sizes shows."""


@pytest.mark.parametrize("release", STATES)
def test_the_logits_are_those_of_a_plain_statement(release: str) -> None:
    state = STATES[release]()
    found = infer_architecture(state)
    assert (found.architecture, found.size, found.num_classes) == (release, "resnet50", 21)
    model = model_from_state(state, found)
    plain = Plain(state, BLOCKS["resnet50"], **RELEASES[release])  # type: ignore[arg-type]
    with torch.inference_mode():
        statement = {"corrmatch": plain.unimatch_v1}.get(release) or getattr(plain, release)
        expected, output = statement(IMAGES), model(IMAGES)
        assert expected.std() > 0.1
        torch.testing.assert_close(output.logits, expected, atol=1e-4 * float(expected.abs().max()), rtol=0)


@torch.inference_mode()
def test_the_feature_of_u2pl_is_its_representation() -> None:
    state = STATES["u2pl"]()
    found = infer_architecture(state)
    assert (found.feature, found.projection) == ("U²PL's representation", False)
    expected = Plain(state, BLOCKS["resnet50"], **RELEASES["u2pl"]).representation(IMAGES)  # type: ignore[arg-type]
    fused = model_from_state(state, found)(IMAGES).fused
    torch.testing.assert_close(fused, expected, atol=1e-4 * float(expected.abs().max()), rtol=0)
    without = {key: value for key, value in state.items() if "representation" not in key}
    found = infer_architecture(without)
    assert found.feature == "fused feature" and model_from_state(without, found)(IMAGES).fused.shape[1] == 512


def test_another_recipe_loads_as_well_and_gives_other_logits() -> None:
    state = STATES["unimatch_v1"]()
    found, larger = infer_architecture(state), IMAGES.repeat(1, 1, 3, 3)
    with torch.inference_mode():
        logits = [model_from_state(state, replace(found, recipe=recipe))(larger).logits for recipe in RECIPES.values()]
    for one, other in combinations(logits, 2):
        assert (one - other).abs().max() > 0.001 * one.abs().max()


def test_depth_and_classes_follow_from_the_weights() -> None:
    found = infer_architecture(deeplab_states.unimatch_v1("resnet101", 19))
    assert (found.architecture, found.size, found.num_classes) == ("unimatch_v1", "resnet101", 19)


def test_entries_that_inference_does_not_use_are_left_out() -> None:
    plain, more = deeplab_states.unimatch_v1(), deeplab_states.beyond_pixels()
    assert infer_architecture(more) == infer_architecture(plain)
    model = model_from_state(more, infer_architecture(more))
    assert sorted(model.state_dict()) == sorted(plain)


def test_a_missing_weight_is_named() -> None:
    state = STATES["u2pl"]()
    del state["decoder.head.0.weight"]
    with pytest.raises(CheckpointError, match=r"decoder\.head\.0\.weight is missing"):
        model_from_state(state, infer_architecture(state))


def test_another_depth_is_refused() -> None:
    state = {key: value for key, value in STATES["augseg"]().items() if ".layer3.5." not in key}
    with pytest.raises(CheckpointError, match=r"5 blocks in layer3; expected one of 6 \(resnet50\)"):
        infer_architecture(state)
