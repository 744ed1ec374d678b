"""Whole optimizer steps under CUDA's own sync guard, which turns every wait of the host for the GPU into an error.

Two options wait by design and are omitted: fp16, whose loss scaling checks for overflowed gradients, and noise of whole
regions, which are found on the host.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.harness import TINY, Run, fill_bank, new_run
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, failed, holds, skipped
from benchmarks.machine import ROOT
from pixcon_train.method.admission import RULES

_THRESHOLDS = ("quantile", "dynamic", "dynamic_floor", "per_class", "gate")

CASES: dict[str, dict[str, Any]] = {
    **{f"pixcon, bank {rule.name}": {"bank.rule": rule.name} for rule in RULES.values() if rule.pixels},
    "unimatch-v2": {"preset": "unimatch-v2"},
    **{f"threshold {rule}": {"consistency.threshold.rule": rule} for rule in _THRESHOLDS},
    "encoder dinov2_reg": {"model.encoder": "dinov2_reg"},
    "encoder dinov3": {"model.encoder": "dinov3", "data.crop": 32},
    "noise, weights, OHEM": {
        "consistency.noise.rate": 0.3,
        "consistency.noise.kind": "confusion",
        "consistency.weighting": "both",
        "loss.ohem": True,
        "loss.ohem_min_kept": 500,
        "bank.start": "all_classes",
    },
    "bf16, channels_last": {"runtime.precision": "bf16", "runtime.channels_last": True},
    "activation checkpointing": {"runtime.activation_checkpointing": True},
}
"""Presets, every admission and threshold rule, every encoder, and the runtime options."""


@contextmanager
def sync_is_an_error(device: torch.device) -> Iterator[None]:
    """Within the block, a host sync with a CUDA ``device`` raises an error; other devices have no such guard."""
    if device.type != "cuda":
        yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def guarded_step(case: str, device: str, folder: Path) -> Run:
    """One optimizer step of ``CASES[case]`` under the guard; on a GPU after an unguarded step that loads kernels."""
    run = new_run({**TINY, "runtime.device": device, **CASES[case]}, folder)
    if run.parts.bank is not None:
        fill_bank(run.parts, 4)
    batch = run.batch()
    if run.device.type == "cuda":
        run.stepper.step([batch], 0)
    with sync_is_an_error(run.device):
        run.stepper.step([batch], 1)
    return run


def run(options: Options) -> Iterator[Row]:
    """One row if all cases pass, otherwise one for each failure."""
    clean = 0
    for case in CASES:
        try:
            guarded_step(case, options.device, options.scratch)
            clean += 1
        except RuntimeError as error:
            yield failed(case, f"{_place_of(error)}: {str(error).splitlines()[0]}")
    if options.device == "cuda":
        yield holds("steps without a wait", f"{clean} of {len(CASES)}", clean == len(CASES), cases=list(CASES))
        yield _planted(torch.device(options.device))
    else:
        yield holds("steps, without a guard", f"{clean} of {len(CASES)}", clean == len(CASES), cases=list(CASES))
        yield skipped("the guard", "needs CUDA; the tests have one of their own for the CPU")


def _place_of(error: RuntimeError) -> str:
    """Line of the project at which ``error`` was raised."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(ROOT))]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}"


def _planted(device: torch.device) -> Row:
    """Check that the guard detects a wait; otherwise the row above is meaningless."""
    value = torch.ones(1, device=device)
    try:
        with sync_is_an_error(device):
            value.item()
    except RuntimeError as error:
        return holds("a planted wait is noticed", "yes", True, message=str(error))
    return holds("a planted wait is noticed", "no", False)
