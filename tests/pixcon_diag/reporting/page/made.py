"""Contexts of the page's sections made by hand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.passes.predictions import MeasuredGroup, Predictions
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.tables.result import Result


class MadeMethods:
    """Methods whose measurements are given."""

    def __init__(self, groups: Mapping[str, Sequence[Predictions]], computed: Mapping[str, Any]) -> None:
        self.groups, self.computed, self.only_logs = groups, computed, not groups
        self.left_out: list[str] = []

    def histories(self) -> dict[str, list[RunHistory]]:
        return cast(dict[str, list[RunHistory]], self.computed["histories"])

    @contextmanager
    def lenient(self) -> Iterator[None]:
        yield

    def measured(self) -> tuple[MeasuredGroup, ...]:
        return tuple(MeasuredGroup(name, tuple(members)) for name, members in self.groups.items())

    def attempt(self, _: str, make: Callable[[], Any]) -> Any:
        return make()

    def once(self, key: str, _: Callable[[], Any]) -> Any:
        return self.computed[key]


def context(
    results: Sequence[Result],
    groups: Mapping[str, Sequence[Predictions]] | None = None,
    by_baseline: Mapping[str, Sequence[Result]] | None = None,
    **computed: Any,
) -> Context:
    """A context of these results and methods; without methods it is one of logs alone."""
    return Context(
        cast(Methods, MadeMethods(groups or {}, computed)),
        {result.command: result for result in results},
        {name: {one.command: one for one in own} for name, own in (by_baseline or {}).items()},
    )
