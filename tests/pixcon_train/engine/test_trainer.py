"""The training loop: what a run leaves, exact resumption, and stopping for every reason it may have."""

import gc
import math
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import torch
from PIL import Image

from pixcon_train.core.errors import CheckpointError, ConfigError, DataError, PixConError, TrainingError
from pixcon_train.core.signals import StopRequest
from pixcon_train.engine import trainer
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.trainer import TrainingResult, train
from pixcon_train.method.class_bank import bank_fill
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST
from pixcon_train.runs.lock import LOCK
from pixcon_train.runs.log import LOG, read_log
from tests.pixcon_train.comparing import assert_same_state, timeless
from tests.pixcon_train.tiny import tiny_config, write_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


class StopAt(TrainingObserver):
    """Asks a run to stop at one point of it, as a signal would."""

    def __init__(self, *, iteration: int | None = None, work: str | None = None) -> None:
        self.interruption = StopRequest()
        self._iteration, self._work = iteration, work

    def stepped(self, iteration: int) -> None:
        if iteration == self._iteration:
            self.interruption.name = "SIGTERM"

    def progressed(self, what: str, done: int, total: int) -> None:
        if what == self._work and done == total:
            self._work = None
            self.interruption.name = "SIGTERM"


def interrupted(config: Any, folder: Path, *, resume: bool = False, **when: Any) -> TrainingResult:
    stop = StopAt(**when)
    result = train(config, folder, resume=resume, interruption=stop.interruption, observer=stop)
    assert result.signal == "SIGTERM"
    return result


@pytest.fixture(scope="module")
def whole(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run left alone."""
    folder = tmp_path_factory.mktemp("whole")
    assert train(tiny_config(spec), folder).state.finished
    return folder


def test_a_run_leaves_checkpoints_log_and_configuration(whole: Path, spec: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    assert names == {LATEST, BEST_EMA, BEST_STUDENT, LOG, LOCK, "config.yaml", "tensorboard"}
    checkpoint = load_checkpoint(whole / LATEST)
    assert (checkpoint.epoch, checkpoint.iteration, checkpoint.classes) == (2, 8, ["dark", "red", "blue"])
    assert checkpoint.lists["labeled"]["text"] == (spec.parent / "labeled.txt").read_text()
    assert checkpoint.config == tiny_config(spec).model_dump()
    for name, file in (("ema", BEST_EMA), ("student", BEST_STUDENT)):
        best = load_checkpoint(whole / file)
        assert best.metrics[name]["miou"] == checkpoint.best[name]["miou"] == best.best[name]["miou"]
        assert best.epoch == checkpoint.best[name]["epoch"]


def test_the_log_has_what_a_reader_needs(whole: Path) -> None:
    records = read_log(whole / LOG)
    assert [record["event"] for record in records] == ["start", "step", "epoch", "step", "epoch"]
    epoch = records[-1]
    assert epoch["iteration"] == 8
    assert epoch["losses"].keys() == {"loss", "loss_x", "loss_u", "loss_s1", "loss_s2", "loss_pix"}
    assert 0 <= epoch["retention"] <= 1
    assert len(epoch["bank"]["entries"]) == 3
    assert epoch["bank"]["fill"] == sum(epoch["bank"]["entries"]) / (3 * 16)
    assert epoch["learning_rate"].keys() == {"encoder", "decoder"}
    for name in ("student", "ema"):
        assert epoch["validation"][name]["iou"].keys() == {"dark", "red", "blue"}
    assert list((whole / "tensorboard").iterdir())


def test_losses_of_the_log_are_means_of_the_steps(spec: Path, tmp_path: Path) -> None:
    train(tiny_config(spec, runtime__log_every=1, schedule__epochs=1), tmp_path)
    *steps, epoch = read_log(tmp_path / LOG)[1:]
    mean = sum(step["losses"]["loss"] for step in steps) / len(steps)
    assert len(steps) == 4
    assert math.isclose(epoch["losses"]["loss"], mean, rel_tol=1e-6)
    halves = epoch["losses"]["loss_x"] / 2 + epoch["losses"]["loss_u"] / 2 + 0.1 * epoch["losses"]["loss_pix"]
    assert math.isclose(epoch["losses"]["loss"], halves, rel_tol=1e-5)


@pytest.mark.parametrize(
    "when",
    [
        {"iteration": 2},  # within an epoch, before its first log record
        {"iteration": 4},  # before the first validation
        {"work": "validation (student)"},
        {"work": "validation (ema)"},
        {"iteration": 7},  # within the second epoch
    ],
)
def test_a_resumed_run_is_the_run_left_alone(spec: Path, whole: Path, tmp_path: Path, when: dict[str, Any]) -> None:
    interrupted(tiny_config(spec), tmp_path, **when)
    train(tiny_config(spec), tmp_path, resume=True)
    assert_same_state(load_checkpoint(tmp_path / LATEST), load_checkpoint(whole / LATEST))
    assert_same_state(load_checkpoint(tmp_path / BEST_EMA), load_checkpoint(whole / BEST_EMA))
    # The two logs differ in nothing but the folder that their configuration names, which is the same here.
    assert timeless(tmp_path) == timeless(whole)


def test_a_run_interrupted_at_every_step_is_the_run_left_alone(spec: Path, whole: Path, tmp_path: Path) -> None:
    for iteration in range(1, 9):
        interrupted(tiny_config(spec), tmp_path, resume=iteration > 1, iteration=iteration)
    train(tiny_config(spec), tmp_path, resume=True)
    assert_same_state(load_checkpoint(tmp_path / LATEST), load_checkpoint(whole / LATEST))
    assert timeless(tmp_path) == timeless(whole)


def test_a_killed_run_goes_on_from_its_last_save(spec: Path, whole: Path, tmp_path: Path) -> None:
    """What was logged after the save is dropped and written again."""

    class Kill(TrainingObserver):
        def stepped(self, iteration: int) -> None:
            if iteration == 7:
                raise KeyboardInterrupt  # passes through everything, as the end of the process would

    with pytest.raises(KeyboardInterrupt):
        train(tiny_config(spec, runtime__save_every=5), tmp_path, observer=Kill())
    assert load_checkpoint(tmp_path / LATEST).iteration == 5
    assert read_log(tmp_path / LOG)[-1]["iteration"] == 6
    train(tiny_config(spec, runtime__save_every=5), tmp_path, resume=True)
    assert_same_state(load_checkpoint(tmp_path / LATEST), load_checkpoint(whole / LATEST))
    assert [record.get("losses") for record in timeless(tmp_path)] == [
        record.get("losses") for record in timeless(whole)
    ]


def test_loader_workers_change_nothing(spec: Path, whole: Path, tmp_path: Path) -> None:
    train(tiny_config(spec, runtime__workers=2), tmp_path)
    assert_same_state(load_checkpoint(tmp_path / LATEST), load_checkpoint(whole / LATEST))


def test_another_seed_is_another_run(spec: Path, whole: Path, tmp_path: Path) -> None:
    train(tiny_config(spec, seed=1), tmp_path)
    one, other = load_checkpoint(tmp_path / LATEST).student, load_checkpoint(whole / LATEST).student
    assert not all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("preset", ["pixcon", "unimatch-v2"])
@pytest.mark.parametrize("rule", ["none", "clean", "labeled", "confidence"])
def test_every_rule_trains_with_both_presets(spec: Path, tmp_path: Path, preset: str, rule: str) -> None:
    config = tiny_config(spec, preset=preset, bank__rule=rule, bank__tau=0.3, schedule__epochs=1)
    assert train(config, tmp_path).state.finished
    checkpoint = load_checkpoint(tmp_path / LATEST)
    assert (checkpoint.bank is None) == (rule == "none")
    assert checkpoint.projection == (rule != "none")
    if checkpoint.bank is not None:
        assert bank_fill(checkpoint.bank).sum() > 0


def test_accumulated_micro_batches_make_the_effective_batch(spec: Path, tmp_path: Path) -> None:
    train(tiny_config(spec, schedule__batch=4, schedule__micro_batch=2, schedule__epochs=1), tmp_path)
    assert load_checkpoint(tmp_path / LATEST).iteration == 2  # 8 unlabeled images


@pytest.mark.parametrize(
    "option", [{"runtime__precision": "bf16"}, {"runtime__precision": "fp16"}, {"runtime__channels_last": True}]
)
def test_options_of_the_machine_train(spec: Path, tmp_path: Path, option: dict[str, Any]) -> None:
    assert train(tiny_config(spec, schedule__epochs=1, **option), tmp_path).state.finished


@pytest.mark.parametrize(("encoder", "crop"), [("dinov2_reg", 56), ("dinov3", 64)])
def test_other_encoders_train_and_their_checkpoints_are_measured(
    spec: Path, tmp_path: Path, encoder: str, crop: int
) -> None:
    config = tiny_config(spec, model__encoder=encoder, data__crop=crop, schedule__epochs=1)
    assert train(config, tmp_path / "run").state.finished
    first = load_checkpoint(tmp_path / "run" / LATEST)
    assert first.size == f"nano-{encoder.removeprefix('dinov2_')}"
    assert all(value.isfinite().all() for value in first.student.values() if value.is_floating_point())


def test_activation_checkpointing_changes_no_weight(spec: Path, whole: Path, tmp_path: Path) -> None:
    train(tiny_config(spec, runtime__activation_checkpointing=True), tmp_path)
    one, other = load_checkpoint(tmp_path / LATEST).student, load_checkpoint(whole / LATEST).student
    assert all(torch.allclose(one[key].float(), other[key].float(), atol=1e-6) for key in one)


def test_patience_ends_a_run(spec: Path, tmp_path: Path) -> None:
    config = tiny_config(spec, schedule__epochs=50, schedule__patience=1, optimizer__lr=1e-12)
    state = train(config, tmp_path).state
    assert state.finished
    assert state.epoch < 50
    assert state.stale == 1


def test_validation_is_as_rare_as_asked(spec: Path, tmp_path: Path) -> None:
    train(tiny_config(spec, schedule__epochs=3, schedule__validate_every=2), tmp_path)
    epochs = [record for record in read_log(tmp_path / LOG) if record["event"] == "epoch"]
    assert [bool(record["validation"]) for record in epochs] == [False, True, True]


def test_a_loss_that_is_not_finite_names_iteration_and_files(spec: Path, tmp_path: Path) -> None:
    config = tiny_config(spec, optimizer__lr=1e30, optimizer__warmup=0)
    with pytest.raises(TrainingError, match=r"not finite at iteration \d.*labeled\d\.jpg.*unlabeled\d\.jpg"):
        train(config, tmp_path)
    assert load_checkpoint(tmp_path / LATEST).iteration == 0


def test_a_bad_image_in_the_middle_is_one_message(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path)
    (tmp_path / "unlabeled3.jpg").write_bytes((tmp_path / "unlabeled3.jpg").read_bytes()[:200])
    for workers in (0, 1):
        folder = tmp_path / f"run{workers}"
        with pytest.raises(DataError, match=r"unlabeled3\.jpg") as caught:
            train(tiny_config(spec, runtime__workers=workers), folder)
        assert "Traceback" not in str(caught.value)
        assert load_checkpoint(folder / LATEST).epoch == 0


def test_a_loader_worker_that_is_killed_is_one_message(spec: Path, tmp_path: Path) -> None:
    class Killer(TrainingObserver):
        def stepped(self, iteration: int) -> None:
            for process in multiprocessing.active_children():
                process.kill()

    gc.disable()  # an exception of torch's handler that falls into a callback of the collector would be lost
    try:
        with pytest.raises(TrainingError, match=r"DataLoader worker .* fewer --workers"):
            train(tiny_config(spec, runtime__workers=1, schedule__epochs=9), tmp_path, observer=Killer())
        handler = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch's would raise here for another worker
    finally:
        gc.enable()
    try:
        assert load_checkpoint(tmp_path / LATEST).iteration == 0
    finally:
        signal.signal(signal.SIGCHLD, handler)


def test_a_full_disk_leaves_the_last_checkpoint(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(tiny_config(spec), tmp_path, iteration=2)

    def full(content: Any, target: BinaryIO) -> None:
        target.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(PixConError, match="No space left on device"):
        train(tiny_config(spec), tmp_path, resume=True)
    assert load_checkpoint(tmp_path / LATEST).iteration == 2
    assert not list(tmp_path.glob(".*"))


def test_a_log_that_cannot_be_written_leaves_the_last_checkpoint(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(tiny_config(spec), tmp_path, iteration=2)
    original = Path.open

    def full(self: Path, mode: str = "r", **options: Any) -> Any:
        if self.name == LOG and mode == "a":
            raise OSError(28, "No space left on device")
        return original(self, mode, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PixConError, match=r"Could not write .*log\.jsonl: No space left on device"):
        train(tiny_config(spec), tmp_path, resume=True)
    assert load_checkpoint(tmp_path / LATEST).iteration == 2


def test_data_that_vanish_are_one_message(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path)

    class Vanish(TrainingObserver):
        def stepped(self, iteration: int) -> None:
            for path in [*tmp_path.glob("*.jpg"), *tmp_path.glob("*.png")]:
                path.unlink()

    with pytest.raises(DataError, match=r"labeled\d\.(jpg|png)"):
        train(tiny_config(spec), tmp_path / "run", observer=Vanish())
    assert load_checkpoint(tmp_path / "run" / LATEST).iteration == 0


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: not enough memory: you tried to allocate"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["engine.stepper.training_step", "engine.evaluator.predict_classes"])
def test_memory_that_is_out_is_one_message(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    def out(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"pixcon_train.{place}", out)
    with pytest.raises(ConfigError, match=r"^Out of memory: .*\. .*activation_checkpointing=true"):
        train(tiny_config(spec), tmp_path)
    assert load_checkpoint(tmp_path / LATEST).iteration == 0


def test_a_second_training_in_a_folder_is_refused_and_disturbs_nothing(spec: Path, whole: Path, tmp_path: Path) -> None:
    refusals: list[str] = []

    class Second(TrainingObserver):
        def stepped(self, iteration: int) -> None:
            for resume in (True, False):
                with pytest.raises(ConfigError) as caught:
                    train(tiny_config(spec), tmp_path, resume=resume)
                refusals.append(str(caught.value))

    train(tiny_config(spec), tmp_path, observer=Second())
    assert len(refusals) == 16 and all(f"is being trained by process {os.getpid()} on" in text for text in refusals)
    assert timeless(tmp_path) == timeless(whole)
    assert_same_state(load_checkpoint(tmp_path / LATEST), load_checkpoint(whole / LATEST))


def test_a_new_folder_that_another_training_took_first_is_refused(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both processes saw that the folder did not exist; the other one has finished meanwhile."""
    folder, build = tmp_path / "run", trainer.build_components

    def late(*arguments: object) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(trainer, "build_components", build)
            train(tiny_config(spec, schedule__epochs=1), folder)
        return build(*arguments)

    monkeypatch.setattr(trainer, "build_components", late)
    with pytest.raises(ConfigError, match="already holds a finished run"):
        train(tiny_config(spec), folder)
    assert load_checkpoint(folder / LATEST).epoch == 1


def test_curves_that_cannot_be_written_do_not_stop_a_run(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    told = []

    class Listen(TrainingObserver):
        def warned(self, line: str) -> None:
            told.append(line)

    assert train(tiny_config(spec, schedule__epochs=1), tmp_path, observer=Listen()).state.finished
    curves = [line for line in told if not line.startswith("warning: ")]  # so small a run is warned of, too
    assert len(curves) == 1 and "No more TensorBoard curves" in curves[0]


def test_what_is_done_to_images_is_said_when_training_begins(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path)
    tag = Image.Exif()
    tag[0x0112] = 3
    Image.open(tmp_path / "labeled0.jpg").save(tmp_path / "labeled0.jpg", exif=tag)
    told = []

    class Listen(TrainingObserver):
        def started(self, lines: list[str], iteration: int, iterations: int) -> None:
            told.extend(lines)

    train(tiny_config(spec, schedule__epochs=1), tmp_path / "run", observer=Listen())
    assert len(told) == 3 and "labeled0.jpg is turned upright, as EXIF says." in told[2]


def test_what_a_killed_run_left_half_written_is_removed(spec: Path, tmp_path: Path) -> None:
    interrupted(tiny_config(spec), tmp_path, iteration=2)
    for name in (f".latest.pth.{os.getpid()}.tmp", ".mine.tmp", "notes.tmp"):
        (tmp_path / name).write_text("")
    train(tiny_config(spec), tmp_path, resume=True)
    assert {path.name for path in tmp_path.glob("*.tmp")} == {".mine.tmp", "notes.tmp"}


def test_a_changed_list_is_not_gone_on_with(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path)
    interrupted(tiny_config(spec), tmp_path / "run", iteration=1)
    (tmp_path / "labeled.txt").write_text("labeled0.jpg labeled0.png\n")
    with pytest.raises(CheckpointError, match=r"labeled list .* has changed"):
        train(tiny_config(spec), tmp_path / "run", resume=True)


def test_a_changed_description_is_not_gone_on_with(tmp_path: Path) -> None:
    spec = write_tiny(tmp_path)
    interrupted(tiny_config(spec), tmp_path / "run", iteration=1)
    spec.write_text(spec.read_text().replace("blue", "green"))
    with pytest.raises(CheckpointError, match="description of tiny has changed"):
        train(tiny_config(spec), tmp_path / "run", resume=True)


def test_a_checkpoint_states_the_scores_of_its_own_weights_only(spec: Path, whole: Path, tmp_path: Path) -> None:
    interrupted(tiny_config(spec), tmp_path, iteration=6)  # two steps after the first validation
    checkpoint = load_checkpoint(tmp_path / LATEST)
    assert checkpoint.metrics == {} and checkpoint.best.keys() == {"ema", "student"}
    assert load_checkpoint(whole / LATEST).metrics.keys() == {"ema", "student"}


def test_a_run_is_not_overwritten(spec: Path, whole: Path) -> None:
    with pytest.raises(ConfigError, match="already holds a finished run"):
        train(tiny_config(spec), whole)


def test_too_few_images_and_an_uneven_batch_are_refused(spec: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="less than one batch of 16"):
        train(tiny_config(spec, schedule__batch=16), tmp_path)
    with pytest.raises(ConfigError, match="only 'cpu' is usable"):
        train(tiny_config(spec, runtime__device="tpu"), tmp_path)
