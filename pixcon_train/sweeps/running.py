"""Running the points of a sweep."""

import gc
import os
import traceback
from dataclasses import replace
from pathlib import Path

import torch

from pixcon_train.core.errors import PixConError
from pixcon_train.core.signals import StopRequest
from pixcon_train.engine.distributed import open_accelerator
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.engine.trainer import train
from pixcon_train.sweeps.grid import Point
from pixcon_train.sweeps.run_states import SETTLED, RunState, run_state


def run_point(
    point: Point, parent: Path, *, interruption: StopRequest | None = None, observer: TrainingObserver | None = None
) -> RunState:
    """Start or resume the run of ``point`` under ``parent``; a no-op if it is finished.

    Any error becomes the state `failed`, so that other runs can follow.
    """
    before = run_state(point, parent)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:  # all processes look before the first one writes
        open_accelerator(point.config.runtime).wait_for_everyone()
    if before.state in SETTLED:
        return before
    message, trace = None, None
    try:
        train(
            point.config,
            before.folder,
            resume=before.state == "unfinished",
            interruption=interruption,
            observer=observer or TrainingObserver(),
        )
    except PixConError as error:
        message = str(error)
    except Exception as error:
        message, trace = repr(error), traceback.format_exc()
    gc.collect()  # networks and loaders refer to each other; the next run needs their memory
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    after = run_state(point, parent)
    return after if message is None else replace(after, state="failed", message=message, trace=trace)
