"""Diagnose semi-supervised segmentation checkpoints.

Example:
    >>> import pixcon_diag as pxd
    >>> "contamination" in pxd.Study({"none": ["runs/none"], "clean": ["runs/clean"]}).analyses
    True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pixcon_train.core.version import VERSION

if TYPE_CHECKING:
    from pixcon_diag.cache.measure import measure
    from pixcon_diag.cache.replay import replay
    from pixcon_diag.checkpoints.loading import load
    from pixcon_diag.checkpoints.wrapping import wrap_module
    from pixcon_diag.data.evaluation_data import DataChoice, choose_data
    from pixcon_diag.groups.options import BankOptions, StudyOptions
    from pixcon_diag.measures.bank_entries import Entries
    from pixcon_diag.measures.boundary import BoundaryError
    from pixcon_diag.measures.contamination import Contamination
    from pixcon_diag.measures.coverage import Coverage
    from pixcon_diag.measures.geometry import Geometry
    from pixcon_diag.measures.gradient import ContaminationGradient
    from pixcon_diag.measures.uncertainty import paired_bootstrap
    from pixcon_diag.passes.options import BandOptions, MeasureOptions, RunChoice
    from pixcon_diag.study import Study, compare, report
    from pixcon_diag.tables.result import Result
    from pixcon_train.evaluation.iou import SegmentationIoU

_MODULES = {
    "BandOptions": "pixcon_diag.passes.options",
    "BankOptions": "pixcon_diag.groups.options",
    "BoundaryError": "pixcon_diag.measures.boundary",
    "Contamination": "pixcon_diag.measures.contamination",
    "ContaminationGradient": "pixcon_diag.measures.gradient",
    "Coverage": "pixcon_diag.measures.coverage",
    "DataChoice": "pixcon_diag.data.evaluation_data",
    "Entries": "pixcon_diag.measures.bank_entries",
    "Geometry": "pixcon_diag.measures.geometry",
    "MeasureOptions": "pixcon_diag.passes.options",
    "Result": "pixcon_diag.tables.result",
    "RunChoice": "pixcon_diag.passes.options",
    "SegmentationIoU": "pixcon_train.evaluation.iou",
    "Study": "pixcon_diag.study",
    "StudyOptions": "pixcon_diag.groups.options",
    "choose_data": "pixcon_diag.data.evaluation_data",
    "compare": "pixcon_diag.study",
    "load": "pixcon_diag.checkpoints.loading",
    "measure": "pixcon_diag.cache.measure",
    "paired_bootstrap": "pixcon_diag.measures.uncertainty",
    "replay": "pixcon_diag.cache.replay",
    "report": "pixcon_diag.study",
    "wrap_module": "pixcon_diag.checkpoints.wrapping",
}
"""Where each public name lives: it is imported when it is first used."""

__version__ = VERSION

__all__ = [
    "BandOptions",
    "BankOptions",
    "BoundaryError",
    "Contamination",
    "ContaminationGradient",
    "Coverage",
    "DataChoice",
    "Entries",
    "Geometry",
    "MeasureOptions",
    "Result",
    "RunChoice",
    "SegmentationIoU",
    "Study",
    "StudyOptions",
    "__version__",
    "choose_data",
    "compare",
    "load",
    "measure",
    "paired_bootstrap",
    "replay",
    "report",
    "wrap_module",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'pixcon_diag' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
