"""The options of a pass: how the network is run, and what is counted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData, require_same_classes
from pixcon_diag.measures.boundary_result import Distance, VoidMode
from pixcon_diag.measures.confidence import confidence_edges, off_grid
from pixcon_diag.measures.image_cells_result import cell_edges
from pixcon_diag.provenance import InferenceInfo
from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.protocols import Kept, Protocol, SlidingWindow
from pixcon_train.models.architectures import RECOGNISED


@dataclass(frozen=True)
class RunChoice:
    """How to run a network; None takes the default of the checkpoint, the data set or the machine.

    Example:
        >>> RunChoice(device="cuda", batch_size=8).workers is None
        True
    """

    protocol: Protocol | None = None
    device: str | None = None
    batch_size: int | None = None
    workers: int | None = None
    window: int | None = None
    """Edge of sliding windows in pixels, 0 for whole images."""


@dataclass(frozen=True)
class PassOptions:
    """How a network is run."""

    protocol: Protocol
    window: SlidingWindow | None
    """Sliding windows; None for whole images."""
    device: str | None = None
    """The machine's accelerator, else its CPU, where None or ``auto``."""
    batch_size: int = 4
    """Images read, and at most predicted, at once, which determines memory."""
    workers: int | None = None
    """Processes that read images; one less than the cores where None."""
    keep: Kept | None = None
    """Scores of every class that are kept of each image, which takes memory; None for none."""
    saved: bool = False
    """Whether predictions are read from files: how a network was run for them is unknown."""

    @property
    def device_type(self) -> str | None:
        """The kind of device, without its number; None where it is not chosen yet."""
        return None if self.device in (None, "auto") else self.device.partition(":")[0]

    def inference(self, device: str) -> InferenceInfo:
        """The provenance of a pass on ``device``."""
        window = None if self.window is None else (self.window.crop, self.window.stride)
        return InferenceInfo("unknown" if self.saved else self.protocol, window, self.batch_size, device)


@dataclass(frozen=True)
class BandOptions:
    """Definition of the boundary band; see :func:`pixcon_diag.measures.boundary.boundary_bands`.

    Example:
        >>> BandOptions(widths=(2,), void_mode="ignore").widths
        (2,)
    """

    widths: tuple[int, ...] = (1, 3, 5)
    distance: Distance = "chessboard"
    void_mode: VoidMode = "label"


MOST_BINS = 256
"""Bins that one byte of a confidence map can hold."""


@dataclass(frozen=True)
class MeasureOptions:
    """What one pass counts: the options of contamination and of the pixel sample.

    Example:
        >>> MeasureOptions(taus=(0.9, 0.95)).widths
        (1, 3, 5)
    """

    taus: Sequence[float] = (0.95,)
    """Thresholds to be exact; those of the default grid (0.005 apart, finer close to 1) always are."""
    widths: Sequence[int] = (1, 3, 5)
    """Widths of the boundary band in pixels."""
    distance: Distance = "chessboard"
    void_mode: VoidMode = "label"
    calibration_bins: int = 15
    per_class: int = 100
    """Pixels of each class in the sample."""
    sample_seed: int = 0

    def key(self) -> dict[str, Any]:
        """The part of the cache key that these options determine; thresholds on the default grid are not part of it."""
        return asdict(self) | {"taus": off_grid(self.taus, self.calibration_bins), "widths": self.band_widths}

    @property
    def edges(self) -> tuple[float, ...]:
        """Left edges of the bins of confidence.

        Raises:
            ConfigError: more bins than a confidence map of bytes can tell apart, or as ``confidence_edges``.
        """
        edges = confidence_edges(self.taus, self.calibration_bins)
        if len(edges) > MOST_BINS:
            raise ConfigError(
                f"{len(set(self.taus))} thresholds and {self.calibration_bins} calibration bins give {len(edges)} bins "
                f"of confidence, but a pass stores at most {MOST_BINS}. Ask for fewer, or for multiples of 0.005, "
                "which need no further bins."
            )
        return edges

    @property
    def cell_edges(self) -> tuple[float, ...]:
        """Left edges of the coarse bins of the cells per image."""
        return cell_edges(self.taus, self.calibration_bins)

    @property
    def band_widths(self) -> list[int]:
        """The widths, ascending and without duplicates."""
        return sorted(set(self.widths))


def pass_options(checkpoint: LoadedCheckpoint, data: EvaluationData, run: RunChoice) -> PassOptions:
    """How the network is run: as requested, else by the defaults of its architecture and the data set.

    Raises:
        ConfigError: the checkpoint and the data set have different numbers of classes, or a window is no whole patches.
    """
    require_same_classes(checkpoint, data.spec)
    if checkpoint.maps is not None:
        return PassOptions(checkpoint.protocol, None, device="cpu", batch_size=1, workers=0, saved=True)
    edge = _window(checkpoint, data) if run.window is None else run.window
    protocol = run.protocol or checkpoint.protocol
    window = SlidingWindow(edge, _unit(checkpoint), cut_off=protocol == "native") if edge else None
    return PassOptions(
        protocol=protocol,
        window=window,
        device=run.device,
        # Data sets with sliding windows have large images, for which batches bring no speed.
        batch_size=run.batch_size or (1 if window else 4),
        workers=run.workers,
    )


def _unit(checkpoint: LoadedCheckpoint) -> int:
    """What edges of windows are multiples of, in pixels."""
    return checkpoint.model.patch_size


def _window(checkpoint: LoadedCheckpoint, data: EvaluationData) -> int | None:
    """Edge of the sliding windows: the training crop where known, else a default in whole patches; None for whole
    images."""
    wrapped = checkpoint.wrapped
    if data.spec.evaluation == "whole" or (wrapped is not None and wrapped.preprocessing.size is not None):
        return None  # a network that resizes its images sees them whole
    if checkpoint.run is not None and checkpoint.run.settings.data.crop is not None:
        return checkpoint.run.settings.data.crop
    architecture = RECOGNISED.get(checkpoint.info.architecture)  # None for a wrapped module
    edge = (architecture.windows if architecture else {}).get(data.spec.name, data.spec.window_crop)
    unit = _unit(checkpoint)
    return max(unit, edge // unit * unit) if edge else edge
