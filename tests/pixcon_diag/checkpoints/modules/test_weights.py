"""Weights of files in any wrapping, in networks of other code."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pixcon_diag.checkpoints.modules.weights import fitting_state, load_state
from pixcon_diag.checkpoints.reading import CheckpointFile, read_file
from pixcon_train.core.errors import CheckpointError

State = dict[str, Tensor]


def network(shift: float = 0.0) -> nn.Sequential:
    made = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 3, 1))
    for index, parameter in enumerate(made.parameters()):
        parameter.data.fill_(index + shift)
    return made


def prefixed(state: State, prefix: str) -> State:
    return {f"{prefix}{key}": value for key, value in state.items()}


def saved(tmp_path: Path, content: Any) -> CheckpointFile:
    path = tmp_path / "w.pth"
    torch.save(content, path)
    return read_file(path)


WRAPPINGS: dict[str, Callable[[State], Any]] = {
    "bare": lambda state: state,
    "data parallel": lambda state: prefixed(state, "module."),
    "Lightning": lambda state: {"state_dict": {**prefixed(state, "model."), "criterion.weight": torch.ones(3)}},
    "compiled": lambda state: {"model": prefixed(state, "_orig_mod."), "epoch": 3},
    "averaged": lambda state: {**prefixed(state, "module."), "n_averaged": torch.tensor(4)},
    "deep": lambda state: {"teacher": {"best": 1.0, "weights": {"net": prefixed(state, "module._orig_mod.")}}},
    "with an optimizer": lambda state: {"net": state, "optimizer": {"state": {"step": torch.ones(1)}}},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrappings_are_removed(tmp_path: Path, wrapping: str) -> None:
    expected = network(5).state_dict()
    state, chosen = fitting_state(saved(tmp_path, WRAPPINGS[wrapping](expected)), network().state_dict(), None)
    assert chosen == ("ema" if wrapping == "deep" else "unnamed")
    module = network()
    load_state(module, state, "w.pth")
    assert all(torch.equal(value, expected[key]) for key, value in module.state_dict().items())


def test_safetensors(tmp_path: Path) -> None:
    expected = network(5).state_dict()
    save_file(expected, tmp_path / "w.safetensors")
    state, _ = fitting_state(read_file(tmp_path / "w.safetensors"), network().state_dict(), None)
    assert state.keys() == expected.keys()


def test_the_teacher_is_taken_unless_the_student_is_asked_for(tmp_path: Path) -> None:
    student, teacher = network(1).state_dict(), network(2).state_dict()
    file = saved(tmp_path, {"model": student, "model_ema": {"state_dict": teacher}})
    for asked, chosen, expected in ((None, "ema", teacher), ("student", "student", student)):
        state, which = fitting_state(file, network().state_dict(), asked)  # type: ignore[arg-type]
        assert which == chosen and torch.equal(state["0.bias"], expected["0.bias"])
    with pytest.raises(CheckpointError, match="has no ema weights; it holds one network"):
        fitting_state(saved(tmp_path, student), network().state_dict(), "ema")


def test_several_students_are_not_guessed_between(tmp_path: Path) -> None:
    content = {"first": network(1).state_dict(), "second": network(2).state_dict()}
    with pytest.raises(CheckpointError, match="several networks that fit: first, second"):
        fitting_state(saved(tmp_path, content), network().state_dict(), None)


def test_weights_of_another_network_are_named(tmp_path: Path) -> None:
    file = saved(tmp_path, {"model": {"backbone.weight": torch.ones(2)}})
    with pytest.raises(CheckpointError, match=r"Found model: backbone.weight; expected keys such as 0.weight, 0.bias"):
        fitting_state(file, network().state_dict(), None)


def test_counters_of_batch_norm_may_be_missing() -> None:
    state = network(5).state_dict()
    del state["1.num_batches_tracked"]
    load_state(network(), state, "w.pth")


def test_what_does_not_fit_is_named_by_kind() -> None:
    state = network().state_dict() | {"2.weight": torch.ones(5, 4, 1, 1), "extra.a": torch.ones(1)}
    del state["0.bias"]
    with pytest.raises(CheckpointError) as raised:
        load_state(network(), state, "w.pth")
    assert str(raised.value).startswith(
        "w.pth: the weights do not fit Sequential: missing 0.bias; unexpected extra.a; of another shape "
        "2.weight (5, 4, 1, 1) instead of (3, 4, 1, 1)."
    )


def test_weights_that_are_not_finite_are_refused() -> None:
    state = network().state_dict()
    state["0.bias"] = torch.full((4,), float("nan"))
    with pytest.raises(CheckpointError, match=r"w.pth: 4 values of the weights are NaN"):
        load_state(network(), state, "w.pth")


def test_a_network_that_is_an_object_is_not_passed_over(tmp_path: Path) -> None:
    torch.save({"model": network()}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"Found model \(objects not restored: torch.nn.*: save a state dict\)"):
        fitting_state(read_file(tmp_path / "w.pth"), network().state_dict(), None)
    torch.save({"model": network().state_dict(), "model_ema": network()}, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="its model_ema is a Python object"):
        fitting_state(read_file(tmp_path / "w.pth"), network().state_dict(), None)


def test_other_objects_do_not_matter(tmp_path: Path) -> None:
    torch.save({"model": network().state_dict(), "args": Namespace(lr=1)}, tmp_path / "w.pth")
    assert fitting_state(read_file(tmp_path / "w.pth"), network().state_dict(), None)[1] == "unnamed"


@pytest.mark.parametrize("order", [("student.", "teacher."), ("teacher.", "student."), ("model.", "model_ema.")])
def test_two_networks_of_one_state_dict_are_told_apart(tmp_path: Path, order: tuple[str, str]) -> None:
    average = next(prefix for prefix in order if prefix in ("teacher.", "model_ema."))
    content = {
        **prefixed(network(7 if order[0] == average else 5).state_dict(), order[0]),
        **prefixed(network(7 if order[1] == average else 5).state_dict(), order[1]),
    }
    file, expected = saved(tmp_path, content), network().state_dict()
    for requested, kind, shift in ((None, "ema", 7), ("ema", "ema", 7), ("student", "student", 5)):
        state, weights = fitting_state(file, expected, requested)  # type: ignore[arg-type]
        assert weights == kind and torch.equal(state["0.bias"], network(shift).state_dict()["0.bias"])


def test_two_networks_without_a_teacher_are_not_guessed_between(tmp_path: Path) -> None:
    content = {**prefixed(network(1).state_dict(), "left."), **prefixed(network(2).state_dict(), "right.")}
    with pytest.raises(CheckpointError, match=r"several networks that fit: the file\.left, the file\.right"):
        fitting_state(saved(tmp_path, content), network().state_dict(), None)


def test_a_name_with_the_letters_of_ema_is_no_teacher(tmp_path: Path) -> None:
    _, weights = fitting_state(saved(tmp_path, {"semantic": network().state_dict()}), network().state_dict(), None)
    assert weights == "unnamed"
