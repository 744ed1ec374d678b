"""Networks of other code behind this project's interface."""

from collections import OrderedDict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pixcon_diag.checkpoints.wrapped_module import WrappedModule
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_train.core.errors import ConfigError

CLASSES = 5
IMAGES = torch.randn(2, 3, 9, 14, generator=torch.Generator().manual_seed(0))


class Plain(nn.Module):
    """Two layers, either of which may be the feature, and logits in some form."""

    def __init__(self, form: Callable[[Tensor], Any] = lambda logits: logits) -> None:
        super().__init__()
        self.first, self.second, self.form = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 4, 1), form
        self.classifier = nn.Conv2d(4, CLASSES, 1)
        generator = torch.Generator().manual_seed(1)
        for parameter in self.parameters():
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, images: Tensor) -> Any:
        return self.form(self.classifier(self.second(self.first(images))))


FORMS: dict[str, Callable[[Tensor], Any]] = {
    "torchvision": lambda logits: OrderedDict(out=logits, aux=torch.zeros(1)),
    "Detectron2": lambda logits: {"sem_seg": logits},
    "a dict of logits": lambda logits: {"loss": 0.0, "logits": logits},
    "an object": lambda logits: SimpleNamespace(logits=logits, hidden=None),
    "a tuple": lambda logits: (logits, logits[:, :1]),
}


@pytest.mark.parametrize("form", FORMS)
def test_logits_are_found_in_what_other_libraries_give(form: str) -> None:
    expected = wrap_module(Plain(), CLASSES).model(IMAGES).logits
    assert torch.equal(wrap_module(Plain(FORMS[form]), CLASSES).model(IMAGES).logits, expected)


def test_a_network_can_be_wrapped_again_with_another_feature() -> None:
    module = Plain()
    first, second = (wrap_module(module, CLASSES, feature=name).model for name in ("first", "second"))
    for model, channels in ((first, 6), (second, 4), (first, 6)):
        assert model(IMAGES).fused.shape == (2, channels, 7, 12)


def test_the_feature_is_found_where_a_layer_gives_the_logits() -> None:
    loaded = wrap_module(Plain(), CLASSES)
    assert loaded.info.space == "input of classifier" and loaded.remarks == ("the feature is the input of classifier",)
    module = loaded.model.module
    assert isinstance(module, Plain)
    assert torch.equal(loaded.model(IMAGES).fused, module.second(module.first(IMAGES)))
    assert wrap_module(Plain(), CLASSES, feature="first").remarks == ()
    hidden = wrap_module(Plain(lambda logits: logits[:, [0, 0, 1, 2, 3, 4]]), CLASSES + 1)
    assert hidden.remarks == () and hidden.model(IMAGES).fused.shape == (2, 0, 1, 1)


def test_what_it_predicts_identifies_it_beside_its_weights() -> None:
    plain, again, other = (wrap_module(Plain(form), CLASSES) for form in (lambda x: x, lambda x: x, lambda x: 2 * x))
    assert plain.info.sha256 == other.info.sha256
    assert plain.wrapped == again.wrapped != other.wrapped


def test_probabilities_are_brought_back_to_logits() -> None:
    loaded = wrap_module(Plain(lambda logits: (logits / 20).softmax(1)), CLASSES)
    assert any("probabilities" in remark for remark in loaded.remarks)
    module = loaded.model.module
    assert isinstance(module, Plain)
    logits = module.classifier(module.second(module.first(IMAGES)))
    expected = torch.nn.functional.interpolate((logits / 20).log_softmax(1), IMAGES.shape[-2:], mode="bilinear")
    torch.testing.assert_close(loaded.model(IMAGES).logits, expected)


def hooks(module: nn.Module) -> int:
    return sum(len(each._forward_hooks) for each in module.modules())


def test_no_hook_stays_on_the_network_not_even_after_an_error() -> None:
    module = Plain()
    model = wrap_module(module, CLASSES, feature="first").model
    model(IMAGES)
    assert hooks(module) == 0
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 2, 9, 9))  # two channels
    assert hooks(module) == 0 and model(IMAGES).fused.shape[1] == 6


@pytest.mark.parametrize(
    ("form", "found"),
    [
        (lambda logits: {"aux": logits}, r"gave a dict of 'aux': a tensor \(2, 5, 7, 12\); expected logits"),
        (lambda logits: (), "gave a tuple of nothing"),
        (lambda logits: None, r"gave a NoneType; expected logits \(B, 5, h, w\): a tensor, a dict with 'out'"),
        (lambda logits: logits.mean((2, 3)), r"gave a tensor \(2, 5\)"),
        (lambda logits: logits[:, :4], r"gave a tensor \(2, 4, 7, 12\)"),
    ],
)
def test_anything_else_is_named(form: Callable[[Tensor], Any], found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        wrap_module(Plain(form), CLASSES).model(IMAGES)


def test_a_feature_that_is_no_map_is_named() -> None:
    class Flat(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.second = nn.Sequential(self.second, nn.Unflatten(1, (2, 2)), nn.Flatten(1, 2))

    with pytest.raises(ConfigError, match=r"output of the submodule 'second\.1' is a tensor \(2, 2, 2, 7, 12\)"):
        wrap_module(Flat(), CLASSES, feature="second.1").model(IMAGES)


def test_orders_of_classes_are_composed() -> None:
    plain = wrap_module(Plain(), CLASSES).model(IMAGES).logits
    model = wrap_module(Plain(), CLASSES).model
    assert isinstance(model, WrappedModule)
    first, second = [2, 0, 1, 4, 3], [4, 3, 2, 1, 0]
    assert torch.equal(model.ordered(first).ordered(second)(IMAGES).logits, plain[:, first][:, second])
