"""Reuse the cached pass of a job, or run it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pixcon_diag.cache.job import PassJob, PassResult

if TYPE_CHECKING:  # a cached pass needs no torch
    from pixcon_diag.passes.run import StatisticsCollector


def reuse_or_run(job: PassJob, collector: "Callable[[], StatisticsCollector]") -> PassResult:
    """The cached pass of ``job``, else a new or resumed one that updates ``collector``.

    Raises:
        ConfigError: the device is not there or too small.
        DataError: an image or mask cannot be read, or a check of the data found something.
        PixConError: the folder cannot be written.
    """
    if (cached := job.cached()) is not None:
        return cached
    from pixcon_diag.cache.resumable_run import run_job  # imports torch

    return run_job(job, collector())
