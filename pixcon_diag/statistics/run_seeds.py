"""What is random in a run, by which the runs of two methods are paired."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class RunSeed(NamedTuple):
    """Two runs with equal ones see the same batches, crops and masks as far as their recipes allow."""

    number: int | None = None
    """None where the file does not state it."""
    start: str | None = None
    """The checkpoint that a fork continues; None for a run from the beginning."""

    def __str__(self) -> str:
        return f"seed {self.number}" + (f" of {self.start}" if self.start else "")


def known(seeds: Sequence[RunSeed]) -> bool:
    """Whether all seeds of a method are stated, and no two are equal."""
    return all(seed.number is not None for seed in seeds) and len(set(seeds)) == len(seeds)


def in_order(runs: Sequence[T], seeds: Sequence[RunSeed]) -> list[T]:
    """The runs by start and seed; as given where their seeds are not :func:`known`."""
    if not known(seeds):
        return list(runs)
    order = sorted(range(len(runs)), key=lambda index: (seeds[index].start or "", seeds[index].number))
    return [runs[index] for index in order]


def paired(first: Sequence[RunSeed], second: Sequence[RunSeed]) -> bool:
    """Whether the i-th run of one method and the i-th of the other are a pair: their seeds are equal.

    Where the seeds of a method are not :func:`known`, as in files of other trainers, the order given counts, and two
    methods with equally many runs are paired.
    """
    if known(first) and known(second):
        return list(first) == list(second)
    return len(first) == len(second)


def common_starts(first: Sequence[RunSeed], second: Sequence[RunSeed]) -> list[str] | None:
    """Of each pair the checkpoint that both runs fork; None where the runs are not paired, or are no forks."""
    starts = [seed.start for seed in first if seed.start is not None]
    return starts if paired(first, second) and known(first) and len(starts) == len(first) else None


def why_unpaired(names: tuple[str, str], seeds: tuple[Sequence[RunSeed], Sequence[RunSeed]]) -> str | None:
    """A sentence where methods have several runs that are not :func:`paired`, naming those without a partner."""
    if paired(*seeds) or max(map(len, seeds)) < 2:
        return None
    if not all(map(known, seeds)):
        return f"{names[0]} has {len(seeds[0])} runs and {names[1]} {len(seeds[1])}, so they are not paired."
    alone = [
        f"{name}: {', '.join(str(seed) for seed in own if seed not in other)}"
        for name, own, other in zip(names, seeds, reversed(seeds), strict=True)
        if set(own) - set(other)
    ]
    return f"The runs are not paired, as these have no partner with their seed ({'; '.join(alone)}). Leave them out."
