"""All measurements of some checkpoints, one after the other, from one pass each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pixcon_diag.analyses.boundary import boundary_section
from pixcon_diag.analyses.boundary_counts import BandOptions, MeasuredBoundary, measure_boundaries
from pixcon_diag.analyses.checkpoints import Member, checkpoints_section
from pixcon_diag.analyses.compare import compare_section
from pixcon_diag.analyses.contamination import contamination_section
from pixcon_diag.analyses.coverage import coverage_section
from pixcon_diag.analyses.dynamics import dynamics_section
from pixcon_diag.analyses.geometry import geometry_section
from pixcon_diag.analyses.gradient import gradient_section
from pixcon_diag.analyses.gradient_split import GradientOptions, MeasuredGradient, measure_gradient, temperature_of
from pixcon_diag.analyses.landscape import landscape_section, own_runs
from pixcon_diag.analyses.panels import Choice
from pixcon_diag.analyses.per_class import per_class_section
from pixcon_diag.analyses.qualitative import qualitative_section
from pixcon_diag.analyses.quantities import not_compared, quantities
from pixcon_diag.analyses.sensitivity import sensitivity_section
from pixcon_diag.analyses.tsne import tsne_section
from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.replay import ReplayedPass, options_of, replay
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import DataChoice, EvaluationData, choose_data
from pixcon_diag.logs.histories import read_history
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.measures.comparison import compare
from pixcon_diag.measures.dynamics import dynamics
from pixcon_diag.measures.landscape import landscape
from pixcon_diag.measures.qualitative import RankBy
from pixcon_diag.measures.sensitivity import sensitivity
from pixcon_diag.passes.measured import MeasuredGroup
from pixcon_diag.passes.options import MeasureOptions, RunChoice
from pixcon_diag.tables.section import Section
from pixcon_train.core.errors import PixConError
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.method.admission import REPLAYED

T = TypeVar("T")

Log = tuple[str, RunHistory]
"""A group's name and what one of its runs wrote."""

Bar = Callable[[str], AbstractContextManager[Progress]]
"""Opens a progress bar with a description."""


@contextmanager
def no_bar(description: str) -> Iterator[Progress]:
    """Show nothing."""
    yield silent


@dataclass(frozen=True)
class ReportOptions:
    """What a report measures."""

    taus: tuple[float, ...] = (0.95,)
    count: int = 8
    """Images in the grid."""
    seed: int = 0
    """Of t-SNE, the controlled sweep and the bootstrap."""
    bank: DataChoice = field(default_factory=DataChoice)
    """Which images fill the bank, where the checkpoint does not say or another list is wanted."""


@dataclass(frozen=True)
class Built:
    """A report's content."""

    sections: tuple[Section, ...]
    left_out: tuple[str, ...]
    """What could not be measured, and why."""


def build_report(
    groups: Sequence[tuple[str, Sequence[tuple[LoadedCheckpoint, EvaluationData]]]],
    folder: Path,
    options: ReportOptions | None = None,
    run: RunChoice | None = None,
    *,
    bar: Bar = no_bar,
    notify: Notify = no_notes,
) -> Built:
    """Measure everything of ``groups``, the baseline first, all on one list of images.

    Args:
        groups: name and checkpoints of each method; several checkpoints are seeds.
        folder: where the panels of the grid are written.
        options: what is measured.
        run: how networks are run.
        bar: shows progress.
        notify: told what is reused or left out.

    Raises:
        PixConError: a checkpoint cannot be measured at all. What only some cannot give is left out, and said.
    """
    return _Builder(folder, options or ReportOptions(), run or RunChoice(), bar, notify).build(groups)


class _Builder:
    def __init__(self, folder: Path, options: ReportOptions, run: RunChoice, bar: Bar, notify: Notify) -> None:
        self.folder, self.options, self.run, self.bar, self.notify = folder, options, run, bar, notify
        self.left_out: list[str] = []

    def build(self, groups: Sequence[tuple[str, Sequence[tuple[LoadedCheckpoint, EvaluationData]]]]) -> Built:
        members = [self._member(name, *each) for name, loaded in groups for each in loaded]
        measured = [MeasuredGroup(n, tuple(m.measured for m in members if m.group == n)) for n, _ in groups]
        boundaries = self._try("boundary and interior", lambda: self._boundaries(measured)) or []
        replays = {m.measured.name: r for m in members if (r := self._replay(m)) is not None}
        gradients = [g for m in members if (g := self._gradient(m, replays)) is not None]
        logs = [(m.group, log) for m in members if (log := self._log(m)) is not None]
        several = len(measured) > 1
        made: list[Section | None] = [
            checkpoints_section(members),
            contamination_section([(m.group, m.measured) for m in members], self.options.taus),
            self._try("gradient", lambda: gradient_section(gradients)) if gradients else None,
            self._try("bank coverage", lambda: self._coverage(members, replays)),
            boundary_section(boundaries) if boundaries else None,
            self._try("geometry", lambda: geometry_section(measured)),
            self._try("t-SNE", lambda: self._tsne(members)),
            self._try("qualitative", lambda: self._qualitative(measured)),
            self._try("differences per class", lambda: per_class_section(measured)) if several else None,
            self._try("differences", lambda: self._compare(measured, boundaries, replays, gradients))
            if several
            else None,
            self._try("training dynamics", lambda: self._dynamics(logs)) if logs else None,
            self._try("sensitivity", lambda: self._sensitivity(logs)) if logs else None,
            self._try("landscape", lambda: self._landscape(members)),
        ]
        if not several:
            self.left_out.append("differences per class and with their noise: one method only.")
        return Built(tuple(section for section in made if section is not None), tuple(self.left_out))

    def _member(self, group: str, loaded: LoadedCheckpoint, data: EvaluationData) -> Member:
        with self.bar(f"measuring {loaded.name}") as progress:
            options = MeasureOptions(taus=self.options.taus)
            measured = measure(loaded, data, options, self.run, progress=progress, notify=self.notify)
        return Member(group, loaded, measured)

    def _boundaries(self, groups: Sequence[MeasuredGroup]) -> Sequence[MeasuredBoundary]:
        with self.bar("boundary bands") as progress:
            return measure_boundaries(groups, BandOptions(), progress)

    def _replay(self, member: Member) -> ReplayedPass | None:
        def replayed() -> ReplayedPass:
            data = choose_data(self.options.bank, member.loaded, "labeled")
            with self.bar(f"replaying {member.loaded.name}'s bank") as progress:
                return replay(
                    member.loaded, data, options_of(member.loaded), self.run, progress=progress, notify=self.notify
                )

        return self._try(f"bank coverage and gradient of {member.measured.name}", replayed)

    def _gradient(self, member: Member, replays: dict[str, ReplayedPass]) -> MeasuredGradient | None:
        replayed = replays.get(member.measured.name)
        if replayed is None:
            return None
        options = GradientOptions(temperature=temperature_of(member.loaded), seed=self.options.seed)

        def split() -> MeasuredGradient:
            with self.bar(f"splitting {member.loaded.name}'s gradient") as progress:
                return measure_gradient(member.group, member.loaded, member.measured, replayed, options, progress)

        return self._try(f"gradient of {member.measured.name}", split)

    def _coverage(self, members: Sequence[Member], replays: dict[str, ReplayedPass]) -> Section | None:
        rows = [(m.group, replays[m.measured.name]) for m in members if m.measured.name in replays]
        return coverage_section(rows, REPLAYED) if rows else None

    def _tsne(self, members: Sequence[Member]) -> Section:
        first = {member.group: member.measured for member in reversed(members)}
        named = [(group, first[group]) for group in dict.fromkeys(member.group for member in members)]
        with self.bar("fitting t-SNE") as progress:
            return tsne_section(named, seed=self.options.seed, jobs=-1, progress=progress)

    def _qualitative(self, groups: Sequence[MeasuredGroup]) -> Section:
        rank_by: RankBy = "error-diff" if len(groups) > 1 else "error"
        return qualitative_section(groups[:2], Choice(rank_by=rank_by, count=self.options.count), self.folder)

    def _compare(
        self,
        groups: Sequence[MeasuredGroup],
        boundaries: Sequence[MeasuredBoundary],
        replays: dict[str, ReplayedPass],
        gradients: Sequence[MeasuredGradient],
    ) -> Section:
        found = {}
        for group in groups:
            found[group.name] = quantities(
                group,
                [each for each in boundaries if each.group == group.name],
                self.options.taus,
                [replays[member.name] for member in group.members if member.name in replays],
                [each for each in gradients if each.group == group.name],
            )
        first, *others = (group.name for group in groups)
        rows = {}
        with self.bar("drawing images anew") as progress:
            for other in others:
                rows[other] = compare(found[first], found[other], seed=self.options.seed, progress=progress)
        return compare_section(groups, rows, not_compared(groups))

    def _log(self, member: Member) -> RunHistory | None:
        """The log beside the checkpoint, under the checkpoint's name: folders of two methods may be called alike."""
        name, folder = member.measured.name, Path(member.loaded.info.source).parent
        return self._try(f"training dynamics of {name}", lambda: replace(read_history(folder), name=name))

    def _dynamics(self, logs: Sequence[Log]) -> Section:
        groups: dict[str, list[RunHistory]] = {}
        for group, log in logs:
            groups.setdefault(group, []).append(log)
        return dynamics_section(dynamics(groups))

    def _sensitivity(self, logs: Sequence[Log]) -> Section:
        return sensitivity_section(sensitivity([log for _, log in logs]))

    def _landscape(self, members: Sequence[Member]) -> Section:
        runs, left_out = own_runs([member.loaded for member in members])
        self.left_out += [f"in the landscape: {sentence}" for sentence in left_out]
        return landscape_section(landscape(runs))

    def _try(self, what: str, make: Callable[[], T]) -> T | None:
        """What ``make`` gives; None, and a word on why, where it cannot be made of these checkpoints."""
        try:
            return make()
        except PixConError as error:
            self.left_out.append(f"{what}: {error}")
            return None
