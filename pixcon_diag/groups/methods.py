"""The methods of a study: their checkpoints, passes, replays and logs, each loaded or measured once."""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import (
    DataChoice,
    EvaluationData,
    check_choice,
    choose_unlabeled,
    unlabeled_beside,
)
from pixcon_diag.data.saved_maps import HOW
from pixcon_diag.groups.arguments import (
    Group,
    Listed,
    Sources,
    find_groups,
    listed,
    named_folders,
    of_model,
)
from pixcon_diag.groups.attempts import Attempts
from pixcon_diag.groups.bars import Bar
from pixcon_diag.groups.loading import choose_images, load_groups, member_of
from pixcon_diag.groups.logs import history_beside, read_groups, runs_here
from pixcon_diag.groups.measuring import Measuring
from pixcon_diag.groups.members import Member, introduction, require_one_list, seed_of
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.groups.saved_folders import SavedFolders, refuse_equal_names
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.passes.cells import CellsPass
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_diag.passes.predictions import (
    MeasuredGroup,
    MeasuredPass,
)
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Notify, no_notes
from pixcon_train.core.progress_bars import progress_bar

T = TypeVar("T")


class Given(NamedTuple):
    """The sources of a study."""

    methods: Listed
    logs: Listed
    predictions: Sequence[tuple[str, Path]]


class Methods(Attempts):
    """The methods that a study compares, the baseline first.

    Args:
        methods: checkpoints by the method's name, several of one method being its seeds; or paths and
            ``name=path,path`` as on the command line. Empty: the runs under ``./runs``.
        baseline: method that the others are compared with; None: the first.
        predictions: folders of saved label maps by the method's name, or ``name=folder``.
        logs: training logs likewise, if they are not next to the checkpoints or there are no checkpoints.
        options: what is measured, and how.
        bar: opens progress bars; by default as text on standard error, after two seconds.
        notify: called with what is found, reused or left out.
    """

    def __init__(
        self,
        methods: Sources = (),
        *,
        baseline: str | None = None,
        predictions: Sources = (),
        logs: Sources | None = None,
        options: StudyOptions | None = None,
        bar: Bar = progress_bar,
        notify: Notify = no_notes,
    ) -> None:
        super().__init__()
        self.options = options or StudyOptions()
        self.baseline, self.bar, self.notify = baseline, bar, notify
        self._measuring = Measuring(self.options, bar, notify)
        self._methods = of_model(listed(methods), self.options.model)
        self._logs = None if logs is None else listed(logs)
        self._predictions = named_folders(listed(predictions))

    @property
    def given(self) -> Given:
        """What was named, as it was named."""
        return Given(self._methods, self._logs or (), self._predictions)

    @property
    def any_named(self) -> bool:
        """Whether any method was named; if not, the methods are the runs under ``./runs``."""
        return bool(self._methods or self._predictions or self._logs)

    @property
    def any_run(self) -> bool:
        """Whether there is a run whose log may be read: a method that is named, or a run under ``./runs``."""
        return self.any_named or runs_here()

    @property
    def only_logs(self) -> bool:
        """Whether nothing but logs was named."""
        return bool(self._logs) and not self._methods and not self._predictions

    def with_baseline(self, name: str) -> Self:
        """The same methods with another baseline; nothing is loaded or measured again."""
        self.measured()
        other = copy(self)
        other.baseline = name
        return other

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The methods with checkpoints."""
        if not self._methods and (self._predictions or self._logs):
            return ()
        groups = find_groups(self._methods, weights=self.options.weights)
        if not self._methods:
            runs = "; ".join(f"{group.name} = {', '.join(map(str, group.sources))}" for group in groups)
            self.notify(f"no checkpoint named; taking ./runs: {runs}")
        self._require_baseline([*(group.name for group in groups), *(name for name, _ in self._predictions)])
        return groups

    @cached_property
    def checkpoints(self) -> list[tuple[Group, list[LoadedCheckpoint]]]:
        """The checkpoints of each method under their names in tables, the baseline first.

        Raises:
            PixConError: a checkpoint cannot be read, or one is named twice.
        """
        return self._baseline_first(load_groups(self.groups, self.options), lambda item: item[0].name)

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Every checkpoint, and every folder of saved maps with confidence, with the data it is measured on.

        Raises:
            PixConError: a checkpoint, its data or a folder cannot be used.
        """
        members = (*self._networks, *self._saved.members)
        for sentence in introduction(members):
            self.notify(sentence)
        return members

    @cached_property
    def _networks(self) -> tuple[Member, ...]:
        """Every checkpoint with the data it is measured on."""
        for group in self.groups:
            for source in group.sources:
                if isinstance(source, str) and isinstance(self.options.data, DataChoice):
                    check_choice(self.options.data, source)
        every = [(group.name, checkpoint) for group, loaded in self.checkpoints for checkpoint in loaded]
        return tuple(member_of(place, name, own, self.options, self.notify) for place, (name, own) in enumerate(every))

    @cached_property
    def _saved(self) -> SavedFolders:
        """The folders of saved maps, on the images of the checkpoints, or without any those of the options."""
        refuse_equal_names(self._predictions, [group.name for group in self.groups])
        return SavedFolders(
            self._predictions,
            lambda: self._networks[0].data if self.groups else choose_images(self.options),
            MeasureOptions(taus=self.options.taus).edges,
            len(self._networks),
            self.bar,
            self.notify,
        )

    def passes(self, **counted: Any) -> list[tuple[Member, MeasuredPass]]:
        """One pass per checkpoint and per folder of saved maps with confidence, computed or cached.

        Args:
            counted: values of :class:`MeasureOptions` other than the thresholds.
        """
        options = MeasureOptions(taus=self.options.taus, **counted)
        return [
            (
                member,
                self.once(("pass", member.place, repr(options)), partial(self._measuring.measured, member, options)),
            )
            for member in self.members
        ]

    def measure(self, group: str, checkpoint: LoadedCheckpoint) -> MeasuredPass:
        """The pass of one more checkpoint, which is no seed of a method, computed or cached.

        Raises:
            PixConError: it cannot be measured.
        """
        place = len(self.members) if self.groups else 0
        member = member_of(place, group, checkpoint, self.options, self.notify)
        once = partial(self._measuring.measured, member, MeasureOptions(taus=self.options.taus))
        return self.once(("pass", checkpoint.info.source), once)

    def network_passes(self, **counted: Any) -> list[tuple[Member, MeasuredPass]]:
        """As :meth:`passes`, without saved maps, which have no network and no feature."""
        return [(member, measured) for member, measured in self.passes(**counted) if member.checkpoint.maps is None]

    def audited(self, checkpoint: LoadedCheckpoint, measured: MeasuredPass) -> MeasuredPass:
        """As :meth:`pixcon_diag.groups.measuring.Measuring.audited`."""
        return self._measuring.audited(checkpoint, measured)

    def unlabeled_data(self, checkpoint: LoadedCheckpoint | None, path: Path | None = None) -> EvaluationData:
        """The unlabeled images of a checkpoint, or of saved maps: of the list at ``path``, else of training.

        Raises:
            ConfigError: there is no unlabeled list.
        """
        if checkpoint is not None and checkpoint.maps is not None and self.groups:  # whose data set the maps are of
            checkpoint = self._networks[0].checkpoint
        data = self.options.data
        if isinstance(data, EvaluationData) and path is not None:
            return unlabeled_beside(data, path)
        return choose_unlabeled(data if isinstance(data, DataChoice) else DataChoice(), checkpoint, path)

    def unlabeled(
        self, checkpoint: LoadedCheckpoint, data: EvaluationData, *, cached_only: bool = False, maps: bool = False
    ) -> CellsPass:
        """The pass of a checkpoint over unlabeled images, computed or cached; masks, if any, serve to verify.

        Args:
            cached_only: whether a pass that is not cached is an error.
            maps: whether it needs label maps.

        Raises:
            DataError: saved maps lack some of these images, or their confidence.
        """
        if checkpoint.maps is not None:
            checkpoint = self._saved.on(checkpoint, data)
        return self._measuring.cells(checkpoint, data, cached_only=cached_only, maps=maps)

    def predicted(self, unlabeled: Path) -> list[tuple[str, PredictedMaps]]:
        """The first checkpoint or folder of each method with its label maps of a list without masks; the baseline
        first.

        Raises:
            ConfigError: fewer than two methods, or classes that differ.
            PixConError: something cannot be predicted, or an image has no saved prediction.
        """
        self._require_methods(2)
        first = [(group.name, loaded[0]) for group, loaded in self.checkpoints]
        members = [Member(i, name, own, self.unlabeled_data(own, unlabeled)) for i, (name, own) in enumerate(first)]
        require_one_list(members)
        count = partial(self._measuring.cells, maps=True)
        found: list[tuple[str, PredictedMaps]] = [(own.group, count(own.checkpoint, own.data)) for own in members]
        if self._predictions:
            images = members[0].data if members else self.unlabeled_data(None, unlabeled)
            found += self._saved.predicted(images, count)
        return self._baseline_first(found, lambda item: item[0])

    def networks(self, **counted: Any) -> tuple[MeasuredGroup, ...]:
        """Every method with its passes, without saved predictions; the baseline first.

        Args:
            counted: as of :meth:`passes`.

        Raises:
            PixConError: something cannot be measured, or the seeds of a method are not comparable.
        """
        self._require_comparable_seeds()
        return self._grouped(self.network_passes(**counted))

    def _require_comparable_seeds(self) -> None:
        """Raise, before anything is measured, if the seeds of a method have other images or labels."""
        for group in self.groups:
            require_one_list([member for member in self.members if member.group == group.name])

    def _grouped(self, passes: Sequence[tuple[Member, MeasuredPass]]) -> tuple[MeasuredGroup, ...]:
        grouped: dict[str, list[tuple[Member, MeasuredPass]]] = {}
        for member, measured in passes:
            grouped.setdefault(member.group, []).append((member, measured))
        return tuple(
            MeasuredGroup(name, tuple(run for _, run in runs), tuple(seed_of(own.checkpoint) for own, _ in runs))
            for name, runs in grouped.items()
        )

    def measured(self, **counted: Any) -> tuple[MeasuredGroup, ...]:
        """Every method with its passes, then the saved predictions, each as a method; the baseline first.

        Args:
            counted: as of :meth:`passes`.

        Raises:
            PixConError: something cannot be measured.
        """
        self._require_comparable_seeds()
        labels = [MeasuredGroup(saved.name, (saved,)) for saved in self._saved.labels]
        if labels and self.options.audit:
            names = ", ".join(group.name for group in labels)
            self.notify(f"{names}: label maps alone are counted anew by every command, so there is no pass to audit.")
        groups = [*self._grouped(self.passes(**counted)), *labels]
        return tuple(self._baseline_first(groups, lambda group: group.name))

    @property
    def any_confidence(self) -> bool:
        """Whether there is a checkpoint, or a folder of saved maps with confidence."""
        return bool(self.groups or self._saved.members)

    def require_confidence(self) -> None:
        """Raise if some saved maps have no confidence; within :meth:`lenient`, if no method has any.

        Raises:
            ConfigError: they have none.
        """
        without = self._saved.without_confidence
        if without and not (self._lenient and self.any_confidence):
            raise ConfigError(f"The saved label maps of {', '.join(without)} hold no confidence. {HOW}")

    def require_network(self, group: str) -> None:
        """Raise if a method is a folder of saved maps.

        Raises:
            ConfigError: it is.
        """
        if group in [name for name, _ in self._predictions]:
            raise ConfigError(f"{group} is saved maps, without a network and its features.")

    def require_comparable(self, least: int = 1) -> None:
        """Raise if the methods are not comparable.

        Raises:
            ConfigError: fewer methods than ``least``, or lists or labels that differ.
        """
        self._require_methods(least)
        require_one_list(self.members if self.groups else ())

    def _require_methods(self, least: int) -> None:
        if len(self.groups) + len(self._predictions) < least:
            raise ConfigError(
                "A comparison needs two methods: name two checkpoints, or two groups of seeds (name=path,path)."
            )

    def replays(self) -> list[tuple[Member, ReplayedPass]]:
        """The bank of every checkpoint, replayed or cached.

        Raises:
            PixConError: a bank cannot be replayed; left out within :meth:`lenient`.
        """
        collected = []
        for member in self._networks:
            once = partial(self.once, ("replay", member.place), partial(self._measuring.replayed, member))
            replayed = self.attempt(f"bank coverage and gradient of {member.checkpoint.name}", once)
            collected += [] if replayed is None else [(member, replayed)]
        return collected

    def histories(self) -> dict[str, list[RunHistory]]:
        """The training logs of each method, the baseline's first: those named, else those next to the checkpoints.

        Raises:
            PixConError: a log is missing or damaged; left out within :meth:`lenient`.
        """
        if self._logs is not None:
            groups = self.once("logs", partial(read_groups, self._logs, self.notify))
            self._require_baseline([*groups])
            return dict(self._baseline_first([*groups.items()], lambda item: item[0]))
        collected: dict[str, list[RunHistory]] = {}
        for group, checkpoints in self.checkpoints:
            for checkpoint in checkpoints:
                history = self.attempt(f"training dynamics of {checkpoint.name}", partial(history_beside, checkpoint))
                if history is not None:
                    collected.setdefault(group.name, []).append(history)
        return collected

    def _require_baseline(self, names: Sequence[str]) -> None:
        if self.baseline is not None and self.baseline not in names:
            raise ConfigError(f"No group is called '{self.baseline}'. There are: {', '.join(names)}.")

    def _baseline_first(self, groups: Sequence[T], name: Callable[[T], str]) -> list[T]:
        return sorted(groups, key=lambda group: self.baseline is not None and name(group) != self.baseline)
