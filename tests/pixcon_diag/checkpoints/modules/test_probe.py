"""What one forward pass shows of a network of other code."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pixcon_diag.checkpoints.modules.built import Built
from pixcon_diag.checkpoints.modules.probe import probe
from pixcon_diag.checkpoints.wrapped_module import FeatureLayer, WrappedModule
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError, ConfigError


class Deep(nn.Module):
    """A classifier, an auxiliary head that runs after it, and a layer that the logits do not go through."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head, self.auxiliary = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 5, 1), nn.Conv2d(6, 5, 1)

    def forward(self, images: Tensor) -> Any:
        feature = self.stem(images)
        return self.head(feature), self.auxiliary(feature)


class Linear(nn.Module):
    """A linear classifier of channels-last features, or of tokens."""

    def __init__(self, tokens: bool) -> None:
        super().__init__()
        self.stem, self.head, self.tokens = nn.Conv2d(3, 6, 4, 4), nn.Linear(6, 5), tokens

    def forward(self, images: Tensor) -> Tensor:
        feature = self.stem(images).movedim(1, -1)
        size = feature.shape[1:3]
        logits = self.head(feature.flatten(1, 2) if self.tokens else feature)
        return (logits.unflatten(1, size) if self.tokens else logits).movedim(-1, 1)


class Strict(Deep):
    """Takes multiples of 16 alone."""

    def forward(self, images: Tensor) -> Any:
        if images.shape[-1] % 16 or images.shape[-2] % 16:
            raise ValueError("sizes")
        return super().forward(images)


def test_the_last_layer_that_the_logits_depend_on_is_found() -> None:
    found = probe(Built(Deep()), "net")
    assert (found.channels, found.multiple, found.probabilities) == (5, 1, False)
    assert found.feature == FeatureLayer("head", "input")


@pytest.mark.parametrize("tokens", [False, True])
def test_the_feature_of_a_linear_layer_is_a_map(tokens: bool) -> None:
    network = Linear(tokens)
    found = probe(Built(network, multiple=4), "net")
    assert found.feature == FeatureLayer("head", "input")
    images = torch.randn(2, 3, 16, 24)
    fused = WrappedModule(network, 5, feature=found.feature, multiple=4)(images).fused
    assert torch.equal(fused, network.stem(images))


def test_the_multiple_is_the_smallest_that_works() -> None:
    assert probe(Built(Strict()), "net").multiple == 16
    with pytest.raises(CheckpointError, match=r"net: the network fails on images of 64 px, .*: ValueError: sizes"):
        probe(Built(Strict(), multiple=1), "net")


@pytest.mark.parametrize("size", [256, 250, (40, 60)])
def test_images_that_are_resized_have_edges_of_the_multiple(size: int | tuple[int, int]) -> None:
    preprocessing = Preprocessing(size=size)
    found = probe(Built(Strict(), preprocessing=preprocessing), "net")
    assert found.multiple == 16
    model = WrappedModule(Strict(), 5, feature=found.feature, multiple=16, preprocessing=preprocessing)
    output = model(torch.rand(1, 3, 50, 77))
    assert output.logits.shape[-2:] == (50, 77)
    seen = tuple(edge + 2 for edge in output.fused.shape[-2:])  # the stem has no padding
    assert seen == ((48, 64) if isinstance(size, tuple) else (256, 400))


def test_a_multiple_of_four_is_told_from_one() -> None:
    class Fours(Deep):
        def forward(self, images: Tensor) -> Any:
            assert images.shape[-1] % 4 == images.shape[-2] % 4 == 0
            return super().forward(images)

    assert probe(Built(Fours(), preprocessing=Preprocessing(size=256)), "net").multiple == 4


def test_outputs_that_sum_to_one_are_probabilities() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1), nn.Softmax(1))
    found = probe(Built(network), "net")
    assert found.probabilities and found.feature == FeatureLayer("1", "input")
    images = torch.randn(1, 3, 8, 8)
    logits = WrappedModule(network, 5, probabilities=True)(images).logits
    torch.testing.assert_close(logits.softmax(1), network(images))


def test_a_sigmoid_s_output_is_the_probability_of_one_class() -> None:
    network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.Sigmoid())
    found = probe(Built(network), "net")
    assert (found.channels, found.probabilities) == (1, True)
    images = torch.randn(1, 3, 8, 8)
    scores = WrappedModule(network, 2, probabilities=True)(images).logits.softmax(1)
    torch.testing.assert_close(scores[:, 1:], network(images))


def test_one_logit_that_lies_in_the_range_of_probabilities_is_a_logit() -> None:
    first, second = nn.Conv2d(3, 1, 1), nn.Conv2d(1, 1, 1)
    with torch.no_grad():
        first.weight.fill_(1 / 3), first.bias.zero_(), second.weight.fill_(0.3), second.bias.fill_(0.1)
    normalised = Preprocessing(mean=(0.0,) * 3, std=(1.0,) * 3)
    found = probe(Built(nn.Sequential(first, nn.ReLU(), second), normalised), "net")
    assert (found.channels, found.probabilities) == (1, False)


def test_sigmoids_of_several_classes_are_refused() -> None:
    with pytest.raises(CheckpointError, match=r"5 outputs lie in \[0, 1\] without summing to one"):
        probe(Built(nn.Sequential(nn.Conv2d(3, 5, 1), nn.Sigmoid())), "net")


def test_a_network_without_such_a_layer_has_no_feature() -> None:
    class Sum(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.cat([images, images.sum(1, keepdim=True)], 1)

    assert probe(Built(Sum()), "net").feature is None
    assert probe(Built(nn.Conv2d(3, 5, 1)), "net").feature is None  # the image is no feature


def test_a_network_that_draws_is_one_function_and_leaves_random_numbers_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Noisy(Deep):
        def forward(self, images: Tensor) -> Any:
            return super().forward(images + torch.rand(1))

    network, before = Noisy(), torch.get_rng_state()
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU is seeded"))
    assert probe(Built(network), "net").function == probe(Built(network), "net").function
    assert torch.equal(torch.get_rng_state(), before)


def test_no_hook_stays() -> None:
    network = Deep()
    probe(Built(network), "net")
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


@pytest.mark.parametrize("form", [dict, lambda **held: SimpleNamespace(**held)])
def test_masks_and_classes_of_queries_are_no_probabilities(form: Any) -> None:
    class Masks(nn.Module):
        def forward(self, images: Tensor) -> Any:
            return form(class_queries_logits=images.mean((2, 3)), masks_queries_logits=images)

    with pytest.raises(CheckpointError, match=r"no confidence to measure\. Save its label maps .*--predictions"):
        probe(Built(Masks()), "net")


def test_what_is_no_logits_is_named() -> None:
    with pytest.raises(ConfigError, match=r"net: The wrapped network gave a tensor \(1, .*; expected logits \(B, K"):
        probe(Built(nn.Flatten()), "net")
    with pytest.raises(CheckpointError, match="net: the network predicts NaN"):
        network = nn.Conv2d(3, 5, 1)
        network.bias.data.fill_(float("nan"))  # type: ignore[union-attr]
        probe(Built(network), "net")
