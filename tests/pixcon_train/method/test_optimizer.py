"""Parameter groups and the learning-rate schedule."""

import pytest

from pixcon_train.method.optimizer import build_optimizer, rate, set_rate
from pixcon_train.models.build import build_model


@pytest.mark.parametrize("decay_1d", [True, False])
def test_every_parameter_is_in_one_group_at_its_rate(decay_1d: bool) -> None:
    model = build_model("pixcon", "nano", 3, projection=True, embedding_dim=8)
    optimizer = build_optimizer(model, lr=5e-6, lr_factor=40, weight_decay=0.01, decay_1d=decay_1d)
    found = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(found)
    encoder = {id(p) for _, p in model.encoder_parameters()}
    for name, parameter in model.named_parameters():
        group = found[id(parameter)]
        assert group["lr"] == pytest.approx(5e-6 if id(parameter) in encoder else 2e-4), name
        assert group["weight_decay"] == (0.01 if decay_1d or parameter.ndim > 1 else 0.0), name


def test_rate_is_a_power_of_what_is_left() -> None:
    assert rate(0, total=10, power=0.9) == 1
    assert rate(5, total=10, power=0.9) == pytest.approx(0.5**0.9)
    assert rate(10, total=10, power=0.9) == rate(11, total=10, power=0.9) == 0


def test_warm_up_rises_linearly_and_then_joins_the_schedule() -> None:
    factors = [rate(i, total=100, power=1, warmup=4) for i in range(5)]
    assert factors == pytest.approx([0.25, 0.5 * 0.99, 0.75 * 0.98, 0.97, 0.96])


def test_setting_a_rate_always_starts_from_the_peak() -> None:
    model = build_model("unimatch_v2", "nano", 3, projection=False)
    optimizer = build_optimizer(model, lr=1e-3, lr_factor=10, weight_decay=0.0, decay_1d=True)
    for factor in (0.5, 0.25):
        set_rate(optimizer, factor)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == pytest.approx([2.5e-4, 2.5e-3])
