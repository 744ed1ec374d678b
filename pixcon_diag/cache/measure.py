"""The pass with every measurement: run once per checkpoint and list, cached beside the run, resumed if interrupted."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pixcon_diag.cache.job import PassJob
from pixcon_diag.cache.reuse import reuse_or_run
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.class_order import in_order_of
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.data.labeled_images import in_labeled_list
from pixcon_diag.passes.load_check import check_load
from pixcon_diag.passes.options import MeasureOptions, RunChoice, pass_options
from pixcon_diag.passes.predictions import MeasuredPass, pass_statistics
from pixcon_diag.provenance import Provenance
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.core.version import VERSION

if TYPE_CHECKING:  # a cached pass needs no torch
    from pixcon_diag.passes.collector import Collector


def measure(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData | None = None,
    options: MeasureOptions | None = None,
    run: RunChoice | None = None,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> MeasuredPass:
    """One pass of ``checkpoint`` over ``data`` with every measurement that needs predictions, or the cached one.

    Args:
        data: images with masks; those that the checkpoint names where None.
        options: the statistics to count.
        run: how the network is run. Without a device, a cached pass of any device is reused.
        cache: folder of cached passes; ``diag`` beside the checkpoint where None, or the user's cache where that cannot
            be written. The pass of a wrapped module is cached only if a folder is given.
        progress: receives the number of images done.
        notify: called when a pass is reused, resumed or repeated, and when the mIoU differs from the stated one.

    Raises:
        ConfigError: an option is invalid, the device is not there or too small, or the checkpoint and the data
            set have different numbers of classes.
        DataError: an image or mask cannot be read, or a check of the data found something.

    Example:
        >>> import torch
        >>> from pixcon_diag import DataChoice, RunChoice, choose_data, wrap_module
        >>> network = wrap_module(torch.nn.Conv2d(3, 11, 1), num_classes=11)
        >>> measured = measure(network, choose_data(DataChoice("digits", limit=2)), run=RunChoice(workers=0))
        >>> len(measured.iou.iou)
        11
    """
    data = choose_data(DataChoice(), checkpoint) if data is None else data
    checkpoint = in_order_of(checkpoint, data.spec)
    options = options or MeasureOptions()
    passing = pass_options(checkpoint, data, run or RunChoice())
    statistics = pass_statistics(data.spec.num_classes, options)
    job = PassJob(checkpoint, data, passing, options.key(), options.edges, cache, progress, notify, statistics)
    return measured_pass(job, options)


def measured_pass(job: PassJob, options: MeasureOptions) -> MeasuredPass:
    """The result of a job with every measurement; notifies where its mIoU is not the stated one.

    Raises:
        PixConError: as :func:`pixcon_diag.cache.reuse.reuse_or_run`.
    """
    result = reuse_or_run(job, partial(_collector, job.data.spec.num_classes, options))
    about = (job.checkpoint.info, job.data.info(), result.inference)
    provenance = Provenance(*about, asdict(options), VERSION)
    labeled = in_labeled_list(job.data, job.checkpoint.run)
    measured = MeasuredPass(
        job.checkpoint.name,
        provenance,
        job.data,
        result.maps,
        options,
        result.state,
        result.confidence,
        labeled,
        result.folder,
    )
    check = check_load(job.checkpoint, job.data, job.options, measured.iou)
    if check is not None and check.warning is not None:
        job.notify(check.warning)
    return replace(measured, provenance=replace(provenance, load_check=check))


def _collector(num_classes: int, options: MeasureOptions) -> "Collector":
    from pixcon_diag.passes.collector import Collector

    return Collector(num_classes, options)
