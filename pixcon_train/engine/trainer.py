"""The training loop: steps, validation, checkpoints, and shutting down cleanly on a signal."""

import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import TrainingError, WorkerError
from pixcon_train.core.exhausted_memory import explain_out_of_memory
from pixcon_train.core.files import remove_leftovers
from pixcon_train.core.paths import expanded, is_folder
from pixcon_train.core.signals import StopRequest
from pixcon_train.data.loading import raise_errors, worker_deaths
from pixcon_train.engine.components import RunComponents, build_components
from pixcon_train.engine.distributed import any_process, open_accelerator, over_processes
from pixcon_train.engine.evaluator import Evaluator
from pixcon_train.engine.failures import NonFiniteLossDetector, lower_memory
from pixcon_train.engine.fork import start_from
from pixcon_train.engine.log_records import bank_record, step_record, validation_record
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.running_means import RunningMeans
from pixcon_train.engine.state import TrainState, restore, snapshot
from pixcon_train.engine.stepper import MicroBatch, Stepper
from pixcon_train.engine.training_bar import TrainingBar
from pixcon_train.engine.training_warnings import TrainingWarnings
from pixcon_train.method.thresholds import GateThreshold
from pixcon_train.runs.checkpoint import load_checkpoint, save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST, kept_state
from pixcon_train.runs.folder import refuse_to_overwrite, save_config
from pixcon_train.runs.lock import RunLock
from pixcon_train.runs.log import RunLog

_BEST = {"ema": BEST_EMA, "student": BEST_STUDENT}


@dataclass(frozen=True)
class TrainingResult:
    """Outcome of a call of :func:`train`."""

    folder: Path
    state: TrainState
    signal: str | None
    """Name of the signal that ended it; None when the run is finished."""
    is_main: bool = True
    """Whether this is the main process, which saves and reports."""


def train(
    config: TrainConfig,
    folder: str | Path,
    *,
    resume: bool = False,
    interruption: StopRequest | None = None,
    observer: TrainingObserver | None = None,
) -> TrainingResult:
    """Train by ``config`` in ``folder``, from the start, from the checkpoint it forks from, or (``resume``) from its
    ``latest.pth``.

    Args:
        interruption: checked after each step and each validation batch; on a signal the run is saved and the call
            returns.
        observer: receives the events of the run; None: a progress bar on standard error.

    Raises:
        PixConError: bad configuration, data or checkpoint, a non-finite loss, a full disk or memory, or another process
            trains in ``folder``. What was saved is intact.

    Example:
        >>> import tempfile
        >>> from pixcon_train import load_config
        >>> values = {"data.crop": 28, "data.val_limit": 2, "schedule.epochs": 1, "runtime.workers": 0}
        >>> config = load_config(recipe="small", values=values | {"schedule.batch": 64, "schedule.micro_batch": 16})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     train(config, Path(folder) / "run").state.epoch
        1
    """
    with TrainingBar() if observer is None else nullcontext(observer) as shown:
        return _train(config, Path(folder), resume, interruption or StopRequest(), shown)


def _train(
    config: TrainConfig, folder: Path, resume: bool, interruption: StopRequest, observer: TrainingObserver
) -> TrainingResult:
    accelerator = open_accelerator(config.runtime)
    observer = observer if accelerator.is_main_process else TrainingObserver()
    lock = RunLock(folder, observer.warned)
    with closing(lock), explain_out_of_memory(partial(lower_memory, config)):
        if accelerator.is_main_process and is_folder(folder):  # before memory is used beside a run that is going on
            lock.acquire()
        if accelerator.is_main_process and not resume:
            refuse_to_overwrite(folder)
        parts = build_components(config, accelerator, partial(observer.progressed, "checking data"))
        with closing(Trainer(config, folder, parts, interruption, observer, lock)) as trainer:
            return trainer.run(resume=resume)


class Trainer:
    """One run, from its state to its end or to a signal."""

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        parts: RunComponents,
        interruption: StopRequest,
        observer: TrainingObserver,
        lock: RunLock,
    ) -> None:
        self._config = config
        self._folder = folder
        self._parts = parts
        self._accelerator = parts.accelerator
        self._interruption = interruption
        self._observer = observer
        self._lock = lock
        self._state = TrainState()
        self._means = RunningMeans(partial(over_processes, accelerator=parts.accelerator))
        self._loss_detector = NonFiniteLossDetector()
        self._stepper = Stepper(config, parts)
        self._evaluator = Evaluator(parts, observer, self._stop_alone)
        self._warnings = TrainingWarnings(config, parts.iterations)
        self._log: RunLog | None = None

    def run(self, *, resume: bool) -> TrainingResult:
        """Train to the end or to a signal."""
        self._start(resume)
        try:
            with worker_deaths():
                while not self._state.finished:
                    started = time.monotonic()
                    if not (self._train_epoch() and self._finish_epoch(started)):
                        self._save(LATEST)
                        break
        except WorkerError as error:
            raise TrainingError(f"{error} What was saved is intact; go on with --resume {self._folder}.") from error
        signal = None if self._state.finished else self._interruption.name
        return TrainingResult(self._folder, self._state, signal, self._accelerator.is_main_process)

    def close(self) -> None:
        """Flush the log."""
        if self._log is not None:
            self._log.close()

    def _start(self, resume: bool) -> None:
        """Load the saved state, or save the initial one: a disk that cannot be written is an error before training."""
        if self._accelerator.is_main_process:
            self._lock.acquire()  # a new folder does not exist until here
            if not resume:
                refuse_to_overwrite(self._folder)  # another process may have been here meanwhile
        if resume:
            checkpoint = load_checkpoint(self._folder / LATEST)
            self._state, means = restore(checkpoint, self._parts)
            self._means.load_state_dict(means, self._accelerator.device)
        elif self._config.fork.checkpoint is not None:
            self._state = start_from(expanded(Path(self._config.fork.checkpoint)), self._config, self._parts)
        if self._accelerator.is_main_process:
            remove_leftovers(self._folder)
            save_config(self._folder, self._config)
            iteration = self._state.iteration if resume else None
            self._log = RunLog(self._folder, iteration=iteration, epoch=self._state.epoch, note=self._observer.warned)
        warnings = [] if resume else self._warnings.at_start()
        if not resume:
            self._write(
                "start", {"iteration": self._state.iteration, "config": self._config.model_dump(), "warnings": warnings}
            )
            self._save(LATEST)
        self._observer.started(self._parts.lines(), self._state.iteration, self._parts.iterations)
        self._warn(warnings)

    def _train_epoch(self) -> bool:
        """Do the remaining steps of the epoch; False on a stop request."""
        state, sampler = self._state, self._parts.sampler
        if self._stop(boundary=True) or not (state.step or self._evaluator.calibrate()):
            return False
        sampler.seek(state.epoch, state.step)
        batches = raise_errors(self._parts.loader)
        while state.step < sampler.steps:
            pieces = self._fetch(batches)
            if pieces is None:
                return False
            result = self._stepper.step(pieces, state.iteration)
            state.step += 1
            state.iteration += 1
            state.metrics = {}  # the last validation was of other weights
            self._means.add(result.scalars)
            self._loss_detector.add(state.iteration, result.scalars["loss"], result.names)
            self._observer.stepped(state.iteration)
            boundary = state.iteration % self._config.runtime.log_every == 0
            if boundary:
                self._write("step", {"iteration": state.iteration, **step_record(self._means.read()), **self._rates()})
            if self._stop(boundary=boundary):
                return False
            if (every := self._config.runtime.save_every) is not None and state.iteration % every == 0:
                self._save(LATEST)
        return True

    def _fetch(self, batches: Iterator[MicroBatch]) -> list[MicroBatch] | None:
        """All micro-batches of the next step; None if the signal that stops the run has ended the workers."""
        try:
            return list(islice(batches, self._parts.layout.accumulation))
        except WorkerError:
            if self._interruption.requested:
                return None
            raise

    def _finish_epoch(self, started: float) -> bool:
        """Validate, log, save; False on a stop request: the resumed run then finishes the epoch."""
        state, schedule = self._state, self._config.schedule
        self._loss_detector.check(wait=True)
        last = state.epoch + 1 == schedule.epochs
        due = last or (state.epoch + 1) % schedule.validate_every == 0
        metrics = self._evaluator.validate() if due else {}
        if metrics is None:
            return False
        state.epoch, state.step = state.epoch + 1, 0
        better = state.record(metrics, absent=self._config.evaluation.absent) if metrics else set()
        patience = schedule.patience
        state.finished = last or (patience is not None and state.stale >= patience)
        record = self._record(self._means.finish_epoch(), metrics, time.monotonic() - started)
        record["warnings"] = self._warnings.at_epoch(record, last=state.finished)
        self._write("epoch", record)
        for name in sorted(better):
            self._save(_BEST[name])
        if (every := self._config.runtime.keep_every) is not None and state.epoch % every == 0:
            self._save(kept_state(state.epoch))
        self._save(LATEST)
        self._observer.epoch_finished(record)
        self._warn(record["warnings"])
        return True

    def _warn(self, lines: list[str]) -> None:
        for line in lines:
            self._observer.warned(f"warning: {line}")

    def _record(self, means: dict[str, float], metrics: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The log's record of an epoch.

        `thresholds` is τ by class name, of a rule that has one for each; `gate` the decision of a rule that has one.
        """
        classes, rule = self._parts.data.spec.classes, self._parts.rules.threshold
        thresholds = rule.per_class()
        return {
            "epoch": self._state.epoch,
            "epochs": self._config.schedule.epochs,
            "iteration": self._state.iteration,
            **step_record(means),
            **self._rates(),
            "thresholds": None if thresholds is None else dict(zip(classes, thresholds, strict=True)),
            **({"gate": rule.decision()} if isinstance(rule, GateThreshold) else {}),
            "bank": bank_record(self._parts.bank),
            "validation": validation_record(metrics, classes),
            "seconds": seconds,
        }

    def _rates(self) -> dict[str, dict[str, float]]:
        """Learning rates of the step just done."""
        return {"learning_rate": self._stepper.learning_rates(self._state.iteration - 1)}

    def _stop(self, *, boundary: bool) -> bool:
        """Whether to stop. Several processes have to agree, which is a sync, so they do at a ``boundary`` only."""
        if self._accelerator.num_processes == 1:
            return self._interruption.requested
        return boundary and any_process(self._interruption.requested, self._accelerator)

    def _stop_alone(self) -> bool:
        """Whether to stop between boundaries: only a single process can."""
        return self._accelerator.num_processes == 1 and self._interruption.requested

    def _save(self, name: str) -> None:
        """Save the state under ``name``, after checking that every loss up to it was finite."""
        self._loss_detector.check(wait=True)
        if self._accelerator.is_main_process:
            checkpoint = snapshot(self._config, self._parts, self._state, self._means.state_dict())
            save_checkpoint(self._folder / name, checkpoint)

    def _write(self, event: str, record: dict[str, Any]) -> None:
        if self._log is not None:
            self._log.write(event, record)
