"""The pass over images that may have no masks: run once per checkpoint and list, cached, resumed if interrupted."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pixcon_diag.cache.job import PassJob
from pixcon_diag.cache.reuse import reuse_or_run
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.class_order import in_order_of
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.cells import CellsPass, cell_statistics, cells_key
from pixcon_diag.passes.options import MeasureOptions, RunChoice, pass_options
from pixcon_diag.provenance import Provenance
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.core.version import VERSION

if TYPE_CHECKING:  # a cached pass needs no torch
    from pixcon_diag.passes.cells_collector import CellsCollector


def count_cells(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData,
    taus: Sequence[float] = (0.95,),
    run: RunChoice | None = None,
    *,
    cached_only: bool = False,
    maps: bool = False,
    cache: Path | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> CellsPass:
    """One pass of ``checkpoint`` over ``data`` that counts the cells of each image, or the cached one.

    Args:
        data: images; those with a mask have outcomes.
        taus: thresholds to be exact.
        run: how the network is run.
        cached_only: whether a pass that is not cached is an error.
        maps: whether label maps and confidence maps are cached too, which takes about as much disk as the images.
        cache: folder of cached passes; ``diag`` beside the checkpoint where None.
        progress: receives the number of images done.
        notify: called when a pass is reused or resumed.

    Raises:
        ConfigError: an option is invalid, or the pass is not cached but must be.
        DataError: an image or mask cannot be read, or a check of the data found something.
    """
    checkpoint = in_order_of(checkpoint, data.spec)
    options = MeasureOptions(taus=taus)
    passing = pass_options(checkpoint, data, run or RunChoice())
    key, edges = cells_key(options, maps=maps), options.edges if maps else None
    statistics = cell_statistics(data.spec.num_classes, options)
    job = PassJob(checkpoint, data, passing, key, edges, cache, progress, notify, statistics)
    result = job.cached() if cached_only else reuse_or_run(job, partial(_collector, data.spec.num_classes, options))
    if result is None:
        raise ConfigError(
            f"the pass over the {len(data.pairs):,} images of {data.list_name} is not cached. `pixcon-diag estimate "
            f"{'--predictions ' * (checkpoint.maps is not None)}{checkpoint.info.source}` makes it."
        )
    provenance = Provenance(checkpoint.info, data.info(), result.inference, {"taus": tuple(taus)}, VERSION)
    return CellsPass(checkpoint.name, provenance, data, result.maps, options, result.state)


def _collector(num_classes: int, options: MeasureOptions) -> "CellsCollector":
    from pixcon_diag.passes.cells_collector import CellsCollector

    return CellsCollector(num_classes, options)
