"""A study: methods, each with its seeds, and every analysis of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pixcon_diag.analyses.registry import ANALYSES, OPENING, Analysis, Needs, analysis_named
from pixcon_diag.groups.arguments import Sources
from pixcon_diag.groups.methods import Methods
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.result import Result
from pixcon_train.core.foreign_text import html_text
from pixcon_train.core.paths import resolved

REPORT = Path("report")
"""Default folder of a report."""
COUNT = 8
"""Default number of images in the grid."""
REBASED = ("compare", "per-class")
"""Analyses of which the page shows the numbers against any method as the baseline."""
MOST_BASELINES = 4
"""Most methods among which the page switches the baseline, as each costs all comparisons again."""


@dataclass(frozen=True, repr=False)
class Report:
    """A written report."""

    page: Path
    results: tuple[Result, ...]
    figures: tuple[Path, ...]
    left_out: tuple[str, ...]
    """A sentence for each measurement left out, with the reason."""

    def __repr__(self) -> str:
        pictures = sum(path.suffix == ".png" for path in self.figures)
        return f"{self.page}: {len(self.results)} sections, {pictures} figures."

    def _repr_html_(self) -> str:
        """A link to the page, and the sentences of the verdict."""
        link = f'<p><a href="{html_text(resolved(self.page).as_uri())}">{html_text(str(self.page))}</a></p>'
        verdict = [sentence for result in self.results if result.command == OPENING for sentence in result.summary]
        return "\n".join([link, *(f"<p>{html_text(sentence)}</p>" for sentence in verdict)])


class Study(Methods):
    """Methods compared with one another; every analysis of the command line is a method of the same name.

    Checkpoints are loaded and passes run on first use, once per study; passes are cached next to the checkpoints and
    reused by later studies and commands.

    Args:
        methods: checkpoints by the method's name, several of one method being its seeds; or paths and
            ``name=path,path`` as on the command line. Empty: the runs under ``./runs``.

    Raises:
        AttributeError: no analysis of that name.

    Example:
        >>> study = Study({"none": ["runs/none"], "clean": ["runs/clean-0", "runs/clean-1"]})
        >>> study.analyses[:3]
        ('doctor', 'contamination', 'gradient')

        ``study.contamination()`` returns a :class:`Result`: a table in a terminal, HTML in a notebook, with
        ``.to_frame()``, ``.to_dict()`` and ``.plot()``; ``study.report("report")`` writes what ``pixcon-diag report``
        writes.
    """

    @property
    def analyses(self) -> tuple[str, ...]:
        """Names of the analyses, in the order of the report."""
        return tuple(analysis.name.replace("-", "_") for analysis in ANALYSES if analysis.command)

    def __getattr__(self, name: str) -> Callable[..., Result]:
        if name in dir(type(self)):  # a property that raised AttributeError
            return super().__getattribute__(name)  # type: ignore[no-any-return]
        if name.startswith("_") or name not in self.analyses:
            raise AttributeError(f"A study has no '{name}'. Its analyses are: {', '.join(self.analyses)}.")
        return partial(analysis_named(name).result, self)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self.analyses]

    def report(
        self, folder: str | Path = REPORT, *, count: int = COUNT, images: int | None = None, style: str | None = None
    ) -> Report:
        """Every analysis that these checkpoints, saved label maps or logs allow, as a folder with a page, tables and
        figures.

        Args:
            folder: folder of the report.
            count: images in the grid.
            images: images of the page, 0 for none; None: as many as its size allows.
            style: style of the figures, one of matplotlib or the path of an ``.mplstyle`` file.

        Raises:
            ConfigError: there is no such style.
            PixConError: a checkpoint or a label map cannot be measured, no log can be read, or the folder cannot be
                written. Analyses that some checkpoints do not allow are left out and noted.
        """
        from pixcon_diag.reporting.command import command_of  # imported here: a single analysis writes no page
        from pixcon_diag.reporting.page.page import write_page
        from pixcon_diag.reporting.page.section import Context
        from pixcon_diag.reporting.report import write_report
        from pixcon_figures.drawing import missing_characters
        from pixcon_figures.processes import Processes

        folder = Path(folder)
        if self.only_logs:
            self.histories()
        else:
            self.require_comparable()
            self.measured()
        fitting = [analysis for analysis in ANALYSES if self._has(analysis.needs)]
        with self.lenient(), Processes(folder, style=style) as processes:
            results: list[Result] = []
            for analysis in fitting:
                if (result := self._result(analysis, folder, count)) is not None:
                    result.write(folder)
                    processes.draw(result.command)
                    results.append(result)
            rebased = self._rebased(results)
            with self.bar("drawing") as progress:
                figures, missing = processes.finish(progress)
        pictures = tuple(path for paths in figures.values() for path in paths)
        by_command = {result.command: result for result in results}
        chosen = {"--no-images": True} if images == 0 else {"--images": images}
        command = command_of(
            self, {"--out": folder, "--count": None if count == COUNT else count, "--style": style, **chosen}
        )
        with self.lenient():
            context = Context(self, by_command, rebased, images, pictures, command)
            page = write_page(folder, context)
        for sentence in (*missing_characters(missing), *(f"left out: {sentence}" for sentence in self.left_out)):
            self.notify(sentence)
        write_report(folder, results, figures, left_out=self.left_out)
        return Report(page, tuple(results), pictures, tuple(self.left_out))

    def _has(self, needs: Needs) -> bool:
        """Whether there is what an analysis needs; sections of a report without it are absent."""
        if needs == "label maps":
            return not self.only_logs
        if needs == "confidence":
            return not self.only_logs and self.any_confidence
        if needs == "logs":
            return bool(self.groups) or self._logs is not None
        return needs == "anything" or bool(self.groups)

    def _rebased(self, results: Sequence[Result]) -> dict[str, dict[str, Result]]:
        """The results that depend on the baseline, for each method as the baseline; the study's own first."""
        if self.only_logs:
            return {}
        names = [group.name for group in self.measured()]
        own = {result.command: result for result in results if result.command in REBASED}
        if not own or len(names) > MOST_BASELINES:
            return {names[0]: own}
        others = {name: self.with_baseline(name) for name in names[1:]}
        parts = file_parts(names)
        return {names[0]: own} | {
            name: {command: _renamed(analysis_named(command).result(study), parts[name]) for command in own}
            for name, study in others.items()
        }

    def _result(self, analysis: Analysis, folder: Path, count: int) -> Result | None:
        """The result of one analysis; None where these checkpoints do not allow it, which is noted."""
        options: dict[str, Any] = {}
        if analysis.name == "qualitative":
            options = {"folder": folder, "count": count, "first": 2}
            options |= {"rank_by": "both"} if len(self.measured()) > 1 else {}
        if analysis.name == "coverage":
            options = {"gradient": True}  # split for the report anyway
        if analysis.name == "estimate":
            options = {"cached_only": True}  # a pass over an unlabeled list may take hours
        if analysis.name == "power":
            options = {"images": len(self.groups) > 1}
        if analysis.sheet:
            options = {"answers": sorted(folder.glob(f"{analysis.name.replace('-', '_')}_answers*.csv"))}
        return self.attempt(analysis.title, partial(analysis.result, self, **options))


def _renamed(result: Result, baseline: str) -> Result:
    """The result with names of tables that say its baseline."""
    tables = tuple(replace(table, name=f"{table.name}_against_{baseline}") for table in result.tables)
    return replace(result, tables=tables)


def compare(
    methods: Sources,
    *,
    baseline: str | None = None,
    predictions: Sources = (),
    options: StudyOptions | None = None,
) -> Result:
    """The difference of every measurement between methods, with image noise and seed noise in separate rows.

    Args:
        methods: as of :class:`Study`.
        baseline: method that the others are compared with; None: the first.
        predictions: folders of saved label maps by the method's name.
        options: what is measured, and how.

    Raises:
        PixConError: fewer than two methods, or a checkpoint that cannot be measured.

    Example:
        >>> import torch
        >>> from pixcon_diag import DataChoice, RunChoice, wrap_module
        >>> networks = {name: wrap_module(torch.nn.Conv2d(3, 11, 1), num_classes=11, name=name) for name in ("a", "b")}
        >>> options = StudyOptions(data=DataChoice("digits", limit=4), run=RunChoice(workers=0))
        >>> compare(networks, options=options).to_frame()["measure"][0]
        'mIoU (↑)'
    """
    study = Study(methods, baseline=baseline, predictions=predictions, options=options)
    return analysis_named("compare").result(study)


def report(
    methods: Sources,
    folder: str | Path = REPORT,
    *,
    baseline: str | None = None,
    options: StudyOptions | None = None,
) -> Report:
    """Every analysis that the checkpoints allow, written to ``folder`` as ``pixcon-diag report`` writes it.

    Args:
        methods: as of :class:`Study`.
        folder: folder of the report.
        baseline: method that the others are compared with; None: the first.
        options: what is measured, and how.

    Raises:
        PixConError: a checkpoint cannot be measured, or the folder cannot be written.

    Example:
        >>> import tempfile, torch
        >>> from pixcon_diag import DataChoice, RunChoice, wrap_module
        >>> network = wrap_module(torch.nn.Conv2d(3, 11, 1), num_classes=11, name="one layer")
        >>> options = StudyOptions(data=DataChoice("digits", limit=2), run=RunChoice(workers=0))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report({"mine": network}, folder, options=options).page.name
        'index.html'
    """
    return Study(methods, baseline=baseline, options=options).report(folder)
