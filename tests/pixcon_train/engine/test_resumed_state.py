"""A run goes on only from a state that fits it; whatever else a file holds is one message before anything is loaded."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.progress import silent
from pixcon_train.core.signals import StopRequest
from pixcon_train.engine.components import RunComponents, build_components
from pixcon_train.engine.distributed import open_accelerator
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.state import restore
from pixcon_train.engine.trainer import train
from pixcon_train.runs.checkpoint import Checkpoint, load_checkpoint
from pixcon_train.runs.file_names import LATEST
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, RunComponents]:
    """A run stopped within its second epoch, and the components that it is resumed with."""
    folder = tmp_path_factory.mktemp("run")
    config = tiny_config(write_tiny(folder))
    stop = StopRequest()

    class Stopping(TrainingObserver):
        def stepped(self, iteration: int) -> None:
            stop.name = "SIGTERM" if iteration == 7 else None

    train(config, folder / "run", interruption=stop, observer=Stopping())
    return load_checkpoint(folder / "run" / LATEST), build_components(config, open_accelerator(config.runtime), silent)


def nested(value: Any, place: str, new: Any) -> Any:
    """``value`` with the entry at a dotted place replaced; removed where ``new`` is ``...``."""
    key, _, rest = place.partition(".")
    if isinstance(value, list):
        return [nested(item, rest, new) if str(number) == key and rest else item for number, item in enumerate(value)]
    key = key.replace("/", ".")
    found = {str(name): name for name in value}.get(key, int(key) if key.isdecimal() else key)
    if not rest:
        return {name: item for name, item in value.items() if name != found} | ({} if new is ... else {found: new})
    return value | {found: nested(value[found], rest, new)}


NAN = torch.tensor(float("nan"))
CHANGES: dict[str, tuple[str, Any, str]] = {
    "no step": ("progress.step", ..., "`progress.step` is missing"),
    "a step beyond the epoch": ("progress.step", 10**6, "step 1000000 after 1 epochs"),
    "a step that is none": ("progress.step", torch.ones(3), "`progress.step` is tensor"),
    "another iteration": ("iteration", 5, "iteration 5 after 1 epochs"),
    "an epoch beyond the last": ("epoch", 10**6, "after 1000000 epochs"),
    "no patience": ("progress.stale", "x", "`progress.stale` is 'x'"),
    "no means": ("progress.meters", [], "`progress.meters` is []"),
    "means of fewer names": ("progress.meters.names", ["loss"], "for 1 names"),
    "means of no steps": ("progress.meters.window_count", 0, "progress.meters.window is"),
    "sums of texts": ("progress.meters.epoch", ["x"], "`progress.meters.epoch.0` is 'x'"),
    "a best epoch without its score": ("best.ema.score", ..., "`best.ema.score` is missing"),
    "another list": ("lists.other", {"path": "a", "sha256": "b", "text": "c"}, "lists has"),
    "a weight missing": ("student.WEIGHT", ..., "is missing"),
    "a weight more": ("ema.extra", torch.ones(3), "ema.extra is not part of it"),
    "a weight of another shape": ("student.WEIGHT", torch.ones(3), "has shape (3,)"),
    "a weight that is no number": ("ema.WEIGHT", NAN, "shape ()"),
    "an optimizer without groups": ("optimizer.param_groups", [], "other groups of weights"),
    "a group of other weights": ("optimizer.param_groups.0.params", [10**9], "other groups of weights"),
    "a learning rate that is a text": ("optimizer.param_groups.0.lr", "1", "`optimizer.param_groups.0.lr` is '1'"),
    "a learning rate without end": ("optimizer.param_groups.0.lr", float("inf"), "finite number"),
    "a state that is none": ("optimizer.state", 3, "`optimizer.state` is 3"),
    "the state of another weight": ("optimizer.state.99999", {}, "other weights than the"),
    "a moment missing": ("optimizer.state.1.exp_avg", ..., "optimizer.state.1 has step ()"),
    "a moment of another shape": ("optimizer.state.1.exp_avg", torch.ones(10**6), "exp_avg (1000000,)"),
    "a moment that is negative": ("optimizer.state.1.exp_avg_sq", "-1", "exp_avg_sq is negative"),
    "a moment that is NaN": ("optimizer.state.1.exp_avg", "nan", "exp_avg is of torch.float32, or not finite"),
    "steps that are many": ("optimizer.state.1.step", torch.ones(2), "step (2,)"),
    "a bank of another size": ("bank.queue", torch.zeros(3, 1, 1), "shapes of one bank"),
    "a bank that points outside": ("bank.ptr", "ptr", "its `ptr` exceeds 0.."),
    "a bank of NaN": ("bank.queue", "nan", "its `queue` is NaN"),
    "a threshold that is negative": ("rules.threshold.tau", torch.tensor(-1.0), "rules.threshold.tau is negative"),
    "a threshold that is NaN": ("rules.threshold.tau", NAN, "NaN or infinite"),
    "thresholds": ("rules.threshold.tau", torch.ones(2), "has shape (2,)"),
}


def changed(checkpoint: Checkpoint, place: str, new: Any) -> Checkpoint:
    entry, _, rest = place.replace("WEIGHT", next(iter(checkpoint.student)).replace(".", "/")).partition(".")
    if not rest:
        return replace(checkpoint, **{entry: new})
    content, parts = getattr(checkpoint, entry), rest.split(".")
    old = content
    for part in parts:
        part = part.replace("/", ".")
        old = old[int(part)] if isinstance(old, list) else {str(key): value for key, value in old.items()}.get(part)
    if isinstance(new, str) and isinstance(old, torch.Tensor):
        new = {"nan": old * float("nan"), "-1": old - 1, "ptr": old + 10**6}[new]
    return replace(checkpoint, **{entry: nested(content, rest, new)})


def test_its_own_state_is_gone_on_from(run: tuple[Checkpoint, RunComponents]) -> None:
    state, means = restore(*run)
    assert (state.epoch, state.step, state.iteration, state.finished) == (1, 3, 7, False)
    assert means["window_count"] + means["epoch_count"] == 3


@pytest.mark.parametrize("what", CHANGES)
def test_another_state_is_one_message(run: tuple[Checkpoint, RunComponents], what: str) -> None:
    place, new, said = CHANGES[what]
    before = {key: value.clone() for key, value in run[1].student.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        restore(changed(run[0], place, new), run[1])
    assert said in str(caught.value) and "--name" in str(caught.value)
    assert all(torch.equal(value, before[key]) for key, value in run[1].student.state_dict().items())
