"""The registry of analyses, in the order of the report; commands, report, comparison and docs are derived from it.

The module of an analysis is in this package and has the name of its command. It defines
``result_of(methods, **options)`` and, if methods can be compared by its numbers, ``quantities(methods, group)``.
Modules are imported on first use, so that listing the analyses is cheap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint

if TYPE_CHECKING:
    from pixcon_diag.groups.methods import Methods
    from pixcon_diag.measures.comparison import Quantity
    from pixcon_diag.passes.predictions import MeasuredGroup
    from pixcon_diag.tables.result import Result

Needs = Literal["anything", "label maps", "confidence", "checkpoints", "logs", "stated scores"]


@dataclass(frozen=True)
class Analysis:
    """One question that a study answers."""

    name: str
    """Name of the command, of the JSON file and of the figure."""
    title: str
    """Heading in the report."""
    summary: str
    """Line in the list of commands."""
    question: str
    """The question it answers, as one sentence with a reference to the paper; also in the table of docs/commands.md."""
    needs: Needs = "checkpoints"
    """Required input; ``label maps`` and maps with ``confidence`` may also be saved by another framework, ``logs`` and
    ``stated scores`` need no network, and ``anything`` is one of checkpoints, label maps and logs."""
    compares: bool = False
    """Whether all methods must be measured on the same list of images with masks."""
    methods: int = 1
    """Smallest number of methods."""
    sheet: bool = False
    """Whether it asks questions on a sheet; the report uses the answers that lie in its folder."""
    command: bool = True
    """Whether it has its own command; otherwise it is only a section of the report."""

    @cached_property
    def module(self) -> ModuleType:
        """The module that computes it."""
        return import_module(f"pixcon_diag.analyses.{self.name.replace('-', '_')}")

    def result(self, methods: "Methods", **options: Any) -> "Result":
        """The analysis of ``methods``.

        Raises:
            ConfigError: too few methods, or methods that cannot be compared.
            PixConError: something cannot be measured.
        """
        if self.needs == "checkpoints" and not methods.groups:
            raise ConfigError(f"`{self.name}` needs a checkpoint: saved maps have no features.")
        if self.needs == "confidence":
            methods.require_confidence()
        if self.compares and self.needs != "logs":
            methods.require_comparable(self.methods)
        result: Result = self.module.result_of(methods, **options)
        return result

    def quantities(self, methods: "Methods", group: "MeasuredGroup") -> Iterable["Quantity"]:
        """The numbers by which ``group`` is compared, one value per seed; empty if the analysis defines none.

        Raises:
            PixConError: a number cannot be computed for a member of the group.
        """
        return self.module.quantities(methods, group) if hasattr(self.module, "quantities") else ()


ANALYSES = (
    Analysis(
        "doctor",
        "Findings and remedies",
        "Findings in words, ranked, each with its remedy.",
        "What is wrong, in sentences: findings ranked by severity, each with its number, its cause and a remedy, and "
        "the mIoU that each kind of error costs.",
        needs="anything",
    ),
    Analysis(
        "checkpoints",
        "Checkpoints",
        "The measured checkpoints.",
        "Which checkpoints were measured, and the best EMA mIoU of each admission rule (Table 4).",
        command=False,
    ),
    Analysis(
        "contamination",
        "Contamination and retention",
        "Retention and contamination at confidence thresholds.",
        "How many pixels a confidence threshold retains, and how many of those are wrong: the false positives that a "
        "bank filled by confidence would hold (Sec. 3.3, Table 8).",
        needs="confidence",
    ),
    Analysis(
        "gradient",
        "Gradient split",
        "Contribution of false positives to the anchors' gradient.",
        "How much of an anchor's gradient comes from false positives in the bank, compared with the count law "
        "(Obs. 3.1, Cor. 3.2, Fig. 3).",
    ),
    Analysis(
        "coverage",
        "Bank coverage",
        "Classes that reach the bank; contents of a stored bank.",
        "Which classes reach the bank under each admission rule, and what a stored bank holds (Sec. G.3).",
    ),
    Analysis(
        "estimate",
        "Contamination without labels",
        "Contamination on the unlabeled list, without its labels.",
        "How many of the pseudo-labels that a threshold retains on the unlabeled list are wrong, estimated from "
        "held-out labeled images.",
        needs="confidence",
    ),
    Analysis(
        "tau",
        "Threshold with a guarantee",
        "Smallest τ at which ρ_F is promised to stay below α.",
        "From which threshold on the contamination of new images is at most α, with probability 1 − δ, and which "
        "threshold retains most correct pixels per wrong one (Sec. 3.3).",
        needs="confidence",
    ),
    Analysis(
        "boundary",
        "Boundary and interior",
        "Error near object boundaries and inside objects.",
        "How the error near object boundaries compares with the error inside objects (Sec. G.1, Table 7).",
        needs="label maps",
    ),
    Analysis(
        "geometry",
        "Centroid geometry",
        "Compactness, inter-class cosine and margin of the classes.",
        "How tightly the classes cluster in feature space, and how far apart they lie (Sec. G.4, Table 9).",
    ),
    Analysis(
        "tsne",
        "t-SNE",
        "t-SNE maps of the same pixels for each checkpoint.",
        "Where the same pixels lie in the feature space of each checkpoint (Fig. 11).",
        compares=True,
    ),
    Analysis(
        "qualitative",
        "Qualitative",
        "Images with targets and predictions, errors outlined.",
        "Which images have the largest error, or the largest difference between methods, with errors outlined "
        "(Figs. 5, 6, 9, 10).",
        needs="label maps",
        compares=True,
    ),
    Analysis(
        "per-class",
        "Per class",
        "IoU of each class, compared with the baseline.",
        "Which classes gain or lose IoU against the baseline (Table 6, Fig. 12).",
        needs="label maps",
        compares=True,
        methods=2,
    ),
    Analysis(
        "compare",
        "Differences",
        "Difference in every measurement, with its uncertainty.",
        "How large the difference in every measurement is, and whether it exceeds the noise of images and of seeds.",
        needs="label maps",
        compares=True,
        methods=2,
    ),
    Analysis(
        "audit-labels",
        "Label audit",
        "Regions that look like label errors, and ρ_F without them.",
        "Which labels look wrong, as the teacher contradicts them in a whole region with confidence, and how much of "
        "ρ_F is an error of the labels.",
        needs="confidence",
        sheet=True,
    ),
    Analysis(
        "duel",
        "Duel",
        "Which of two is better, with few labels.",
        "Which of two checkpoints is more accurate, from labels for a few of the regions on which they disagree.",
        needs="label maps",
        sheet=True,
    ),
    Analysis(
        "dynamics",
        "Training dynamics",
        "Training curves and best epochs, from logs.",
        "How mIoU, retention, losses, thresholds and contamination change over the epochs (Fig. 4, Sec. H.1).",
        needs="logs",
    ),
    Analysis(
        "power",
        "Seeds and images needed",
        "Seeds and images that a comparison needs.",
        "How many seeds and images a difference in mIoU needs, and what those at hand could have found (Sec. H.3).",
        needs="logs",
    ),
    Analysis(
        "sensitivity",
        "Sensitivity",
        "Best mIoU as a function of one hyperparameter, from logs.",
        "How the best mIoU depends on one hyperparameter at a time (Table 10, Sec. H.3).",
        needs="logs",
    ),
    Analysis(
        "bank-effect",
        "Effect of the bank's contamination",
        "mIoU over the bank's contamination, from paired runs.",
        "How the difference between a clean bank and others depends on the contamination of their entries, from runs "
        "that differ in the admission rule alone (Sec. 5, experiment ii).",
        needs="logs",
    ),
    Analysis(
        "landscape",
        "Landscape",
        "Model size and mIoU, compared with published results.",
        "How model size and mIoU compare with the results published in the paper (Fig. 7).",
        needs="stated scores",
    ),
)

OPENING = ANALYSES[0].name
"""The analysis whose section of the report stands before the list of contents."""


def analysis_named(name: str) -> Analysis:
    """Find an analysis by name, with ``-`` or ``_`` between words.

    Raises:
        ConfigError: no analysis has that name.
    """
    by_name = {analysis.name: analysis for analysis in ANALYSES}
    if name.replace("_", "-") not in by_name:
        raise ConfigError(f"No analysis is called '{name}'{hint(name, by_name)}. There are: {', '.join(by_name)}.")
    return by_name[name.replace("_", "-")]
