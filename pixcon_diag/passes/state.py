"""Stored statistics, named ``part.statistic``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from pixcon_diag.passes.forms import Forms, Header, header_of, require_headers, require_ranges


@dataclass(frozen=True)
class Statistics:
    """The statistics that a stored state of at least one image must have."""

    required: frozenset[str] = frozenset()
    together: tuple[frozenset[str], ...] = ()
    """Sets of which a state has all statistics or none."""
    at_end: tuple[frozenset[str], ...] = ()
    """Sets of which the state of a whole pass has all statistics, and any other all or none."""
    disagreements: Callable[[Mapping[str, np.ndarray]], Iterator[str]] | None = None
    """Gives a phrase for each total that a state's statistics do not agree on."""
    forms: Forms = field(default_factory=dict)
    """The form of each statistic, in which ``I`` is the number of images."""

    def missing(self, state: Mapping[str, np.ndarray], *, complete: bool) -> Iterator[str]:
        """Names of the statistics that ``state`` lacks.

        Args:
            complete: whether it is of a whole pass.
        """
        yield from sorted(self.required - state.keys())
        for names in self.together + self.at_end:
            if names & state.keys() or (complete and names in self.at_end):
                yield from sorted(names - state.keys())

    def check(
        self,
        state: Mapping[str, np.ndarray],
        *,
        complete: bool,
        images: int,
        headers: Mapping[str, Header] | None = None,
    ) -> None:
        """Check that a stored state of at least one image has what it must have, in its form, and totals that agree.

        Args:
            headers: of the statistics; given, only those whose numbers are checked are read.

        Raises:
            ValueError: it does not.
        """
        if (missing := next(self.missing(state, complete=complete), None)) is not None:
            raise ValueError(f"its state lacks {missing}")
        found = (
            {name: header_of(array.dtype, array.shape) for name, array in state.items()} if headers is None else headers
        )
        require_ranges(state, self.forms, require_headers(found, self.forms, {"I": images}))
        if self.disagreements is not None and (total := next(self.disagreements(state), None)) is not None:
            raise ValueError(f"its totals do not agree: {total}")


def names_of(name: str, *statistics: str) -> frozenset[str]:
    """The stored names of the statistics of one part."""
    return frozenset(f"{name}.{statistic}" for statistic in statistics)


def part(state: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """The statistics called ``name.…``, without that prefix."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}  # reads no other part
