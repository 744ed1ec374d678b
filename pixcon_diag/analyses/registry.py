"""The analyses, in the order of the report: one row each, from which commands, report, comparison and docs follow.

An analysis is a module of this package, called as its command is, with a function ``section_of(methods, **options)``
and, where it has numbers that methods can be compared by, ``quantities(methods, group)``. Modules are imported when
they are used, so that listing the analyses costs nothing.
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
    from pixcon_diag.passes.measured import MeasuredGroup
    from pixcon_diag.tables.section import Section

Needs = Literal["label maps", "checkpoints", "logs", "stated scores"]


@dataclass(frozen=True)
class Analysis:
    """One question that a study answers."""

    name: str
    """Of its command, its JSON file and its figure."""
    title: str
    """Its heading in the report."""
    summary: str
    """Its line in the list of commands."""
    question: str
    """What it answers, in a sentence, with its place in the paper."""
    needs: Needs = "checkpoints"
    """``label maps``: saved predictions of any framework are enough; ``logs``, ``stated scores``: no network is run."""
    compares: bool = False
    """Whether all methods must be measured on one list of images."""
    methods: int = 1
    """Methods it takes at least."""
    command: bool = True
    """Whether it has a command of its own; otherwise it is a section of the report alone."""

    @cached_property
    def module(self) -> ModuleType:
        """Where it is computed."""
        return import_module(f"pixcon_diag.analyses.{self.name.replace('-', '_')}")

    def section(self, methods: "Methods", **options: Any) -> "Section":
        """The analysis of ``methods``.

        Raises:
            ConfigError: fewer methods than it takes, or methods that cannot be compared.
            PixConError: something cannot be measured.
        """
        if self.compares and self.needs != "logs":
            methods.require_comparable(self.methods)
        section: Section = self.module.section_of(methods, **options)
        return section

    def quantities(self, methods: "Methods", group: "MeasuredGroup") -> Iterable["Quantity"]:
        """Its numbers of one method, a value per seed; none where it has none to compare by.

        Raises:
            PixConError: a member cannot give them.
        """
        return self.module.quantities(methods, group) if hasattr(self.module, "quantities") else ()


ANALYSES = (
    Analysis(
        "checkpoints",
        "Checkpoints",
        "What was measured.",
        "What was measured, and the best EMA mIoU of each bank rule (Table 4).",
        command=False,
    ),
    Analysis(
        "contamination",
        "Contamination and retention",
        "Retention and contamination over thresholds.",
        "The teacher's error among the pixels that a confidence threshold keeps: what a bank filled by confidence "
        "would hold (Sec. 3.3, Table 8).",
    ),
    Analysis(
        "gradient",
        "Gradient split",
        "False positives in the anchors' gradient.",
        "How much of an anchor's gradient comes from false positives of the bank (Obs. 3.1, Cor. 3.2, Fig. 3).",
    ),
    Analysis(
        "coverage",
        "Bank coverage",
        "Does every class reach the bank?",
        "Whether every class reaches the bank, and what the stored one holds (Sec. G.3).",
    ),
    Analysis(
        "boundary",
        "Boundary and interior",
        "Error at object boundaries and inside.",
        "Where the errors are (Sec. G.1, Table 7).",
        needs="label maps",
    ),
    Analysis(
        "geometry",
        "Centroid geometry",
        "Class centroids: compactness, cosines, margin.",
        "How tightly classes cluster and how far apart they lie (Sec. G.4, Table 9).",
    ),
    Analysis(
        "tsne", "t-SNE", "Maps of the same pixels.", "The same pixels under each checkpoint (Fig. 11).", compares=True
    ),
    Analysis(
        "qualitative",
        "Qualitative",
        "Grids of predictions, errors outlined.",
        "Images ranked by error, errors outlined in red (Figs. 5, 6, 9, 10).",
        needs="label maps",
        compares=True,
    ),
    Analysis(
        "per-class",
        "Per class",
        "IoU per class against the baseline.",
        "IoU of every class (Table 6, Fig. 12).",
        needs="label maps",
        compares=True,
        methods=2,
    ),
    Analysis(
        "compare",
        "Differences",
        "Differences with image noise and seed noise.",
        "Every measurement's difference with its two kinds of noise.",
        needs="label maps",
        compares=True,
        methods=2,
    ),
    Analysis(
        "dynamics",
        "Training dynamics",
        "Curves, best epochs, who leads.",
        "mIoU, retention, losses, thresholds and contamination over the epochs (Fig. 4, Sec. H.1).",
        needs="logs",
    ),
    Analysis(
        "sensitivity",
        "Sensitivity",
        "Best mIoU over one hyperparameter.",
        "Best mIoU over one hyperparameter at a time (Table 10, Sec. H.3).",
        needs="logs",
    ),
    Analysis(
        "landscape",
        "Landscape",
        "Model size against mIoU.",
        "Model size against mIoU beside the paper's published figures (Fig. 7).",
        needs="stated scores",
    ),
)


def analysis_named(name: str) -> Analysis:
    """The analysis ``name``, with ``-`` or ``_`` between its words.

    Raises:
        ConfigError: there is none of that name.
    """
    found = {analysis.name: analysis for analysis in ANALYSES}
    if name.replace("_", "-") not in found:
        raise ConfigError(f"No analysis is called '{name}'{hint(name, found)}. There are: {', '.join(found)}.")
    return found[name.replace("_", "-")]
