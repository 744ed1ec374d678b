"""The replay of a checkpoint's bank from its predictions: one pass over the labeled list, cached like any other."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pixcon_diag.cache.job import PassJob
from pixcon_diag.cache.reuse import reuse_or_run
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.class_order import in_order_of
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.measures.stored_bank import StoredBank, measure_stored_bank
from pixcon_diag.passes.options import RunChoice, pass_options
from pixcon_diag.passes.replayed_banks import ReplayedBanks, ReplayOptions, replay_statistics
from pixcon_diag.passes.state import part
from pixcon_diag.provenance import Provenance
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.core.version import VERSION

if TYPE_CHECKING:  # a cached pass needs no torch
    from pixcon_diag.passes.bank_collector import BankCollector


@dataclass(frozen=True)
class ReplayedPass(ReplayedBanks):
    """Banks filled by every admission rule from the images of one list, with their provenance."""

    name: str
    provenance: Provenance
    data: EvaluationData
    space: str
    """As :attr:`pixcon_diag.provenance.CheckpointInfo.space`."""
    stored: StoredBank | None
    """The bank stored in the checkpoint; None where it has none."""
    folder: Path | None
    """Folder of the cached replay."""
    trained: str | None = None
    """The bank's rule in training, which may be one that is not replayed; None where the file does not name it."""


def replay(
    checkpoint: LoadedCheckpoint,
    data: EvaluationData | None = None,
    options: ReplayOptions | None = None,
    run: RunChoice | None = None,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> ReplayedPass:
    """Fill a bank for each admission rule over one pass of ``data`` (the checkpoint's labeled list where None).

    Args:
        data: images with masks, whose order determines the training batches.
        options: of the bank.
        run: protocol, windows, device, batch size and workers.
        cache: folder of the cache; ``diag`` beside the checkpoint where None.
        progress: called with the images done and their total.
        notify: called when a replay is reused, resumed or repeated.

    Raises:
        ConfigError: no feature (sliding windows), or as for ``measure``.
        DataError: an image or mask cannot be read.

    Example:
        >>> import torch
        >>> from pixcon_diag import DataChoice, RunChoice, choose_data, wrap_module
        >>> layers = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.Conv2d(8, 11, 1))
        >>> network = wrap_module(layers, num_classes=11, feature="0")
        >>> replayed = replay(network, choose_data(DataChoice("digits", limit=2)), run=RunChoice(workers=0))
        >>> replayed.coverage("labeled").images
        2
    """
    data = choose_data(DataChoice(), checkpoint, "labeled") if data is None else data
    checkpoint = in_order_of(checkpoint, data.spec)
    options = options or ReplayOptions()
    passing = pass_options(checkpoint, data, run or RunChoice())
    statistics = replay_statistics(data.spec.num_classes, options)
    job = PassJob(checkpoint, data, passing, options.key(), None, cache, progress, notify, statistics)
    result = reuse_or_run(job, partial(_collector, job, options))
    banks = ReplayedBanks(result.state, data.spec.num_classes, options)
    return ReplayedPass(
        **vars(banks),
        name=checkpoint.name,
        provenance=Provenance(checkpoint.info, data.info(), result.inference, asdict(options), VERSION),
        data=data,
        space=checkpoint.info.space,
        stored=_stored(part(result.state, "stored"), banks),
        folder=result.folder,
        trained=rule_of(checkpoint),
    )


def _collector(job: PassJob, options: ReplayOptions) -> "BankCollector":
    from pixcon_diag.passes.bank_collector import BankCollector
    from pixcon_diag.passes.embedding import embed

    checkpoint, data = job.checkpoint, job.data
    return BankCollector(
        data.spec.num_classes, partial(embed, checkpoint), options, len(data.pairs), stored=checkpoint.bank or {}
    )


def _stored(bank: Mapping[str, np.ndarray], banks: ReplayedBanks) -> StoredBank | None:
    """The stored bank of the checkpoint against the current embeddings of the labeled images."""
    if not bank:
        return None
    current = banks.mean_embeddings("clean")
    return measure_stored_bank(
        bank["queue"], bank["filled"], current, truth=bank.get("truth"), weight=bank.get("weight")
    )


def rule_of(checkpoint: LoadedCheckpoint) -> str | None:
    """The bank's rule in training; None where the file does not name it."""
    return None if checkpoint.run is None else checkpoint.run.settings.bank.rule


def options_of(checkpoint: LoadedCheckpoint, **given: float | None) -> ReplayOptions:
    """The given options of the bank, else those of the checkpoint's training, else the paper's (Table 5)."""
    trained: dict[str, float | None] = {}
    if checkpoint.run is not None:
        bank, schedule = checkpoint.run.settings.bank, checkpoint.run.settings.schedule
        trained = {"tau": bank.tau, "size": bank.size, "cap": bank.cap, "batch_size": schedule.batch}
    options: dict[str, Any] = {
        name: value for values in (trained, given) for name, value in values.items() if value is not None
    }
    return replace(ReplayOptions(), **options)
