"""The folders of saved maps that a study names: those with confidence as members, those of labels alone counted."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.saved_maps import SavedMaps, with_confidence
from pixcon_diag.groups.members import Member
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_diag.passes.predictions import SavedPredictions, measure_predictions
from pixcon_diag.passes.saved_labels import saved_labels
from pixcon_diag.passes.saved_maps import checkpoint_of_maps, maps_of
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Notify, Progress


@dataclass
class SavedFolders:
    """Folders of saved maps, each a method; they are opened on first use."""

    folders: Sequence[tuple[str, Path]]
    """By the method's name."""
    images: Callable[[], EvaluationData]
    """Gives the images that are measured; called only if there is a folder."""
    edges: tuple[float, ...]
    """The thresholds that are counted."""
    first: int
    """Place of the first member among those of the study."""
    bar: Callable[[str], AbstractContextManager[Progress]]
    notify: Notify

    @cached_property
    def _data(self) -> EvaluationData:
        return self.images()

    @cached_property
    def _opened(self) -> list[tuple[str, SavedMaps]]:
        return [(name, maps_of(folder, self._data)) for name, folder in self.folders]

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The folders with confidence, which are measured as checkpoints are.

        Raises:
            DataError: the maps of an image are missing, damaged or do not fit it.
        """
        certain = [(name, maps) for name, maps in self._opened if maps.has_confidence]
        return tuple(
            Member(place, name, self._checkpoint(name, maps, self._data), self._data)
            for place, (name, maps) in enumerate(certain, self.first)
        )

    @cached_property
    def labels(self) -> tuple[SavedPredictions, ...]:
        """The folders of labels alone, counted.

        Raises:
            DataError: as :func:`pixcon_diag.passes.predictions.measure_predictions`.
        """
        counted = []
        for name, maps in self._opened:
            if not maps.has_confidence:
                with self.bar(f"reading {maps.folder}") as progress:
                    found = measure_predictions(
                        maps.folder, self._data, name=name, progress=progress, notify=self.notify
                    )
                counted.append(found)
        return tuple(counted)

    def predicted(
        self, images: EvaluationData, count: Callable[[LoadedCheckpoint, EvaluationData], PredictedMaps]
    ) -> list[tuple[str, PredictedMaps]]:
        """The label maps of other images in every folder.

        Args:
            images: of a list that needs no masks.
            count: makes them of maps with confidence.

        Raises:
            DataError: the maps of an image are missing, damaged or do not fit it.
        """
        found = []
        for name, folder in self.folders:
            maps = maps_of(folder, images)
            if maps.has_confidence:
                found.append((name, count(self._checkpoint(name, maps, images), images)))
                continue
            with self.bar(f"reading {folder}") as progress:
                found.append((name, saved_labels(name, maps, images, progress)))
        return found

    @property
    def without_confidence(self) -> list[str]:
        """Names of the folders of labels alone."""
        return [name for name, maps in self._opened if not maps.has_confidence]

    def on(self, checkpoint: LoadedCheckpoint, data: EvaluationData) -> LoadedCheckpoint:
        """The maps of other images in the folder of a member's checkpoint.

        Raises:
            DataError: an image has no maps, or they have no confidence.
        """
        assert checkpoint.maps is not None
        return self._checkpoint(checkpoint.name, with_confidence(maps_of(checkpoint.maps, data)), data)

    def _checkpoint(self, name: str, maps: SavedMaps, data: EvaluationData) -> LoadedCheckpoint:
        with self.bar(f"hashing {maps.folder}") as progress:
            return checkpoint_of_maps(name, maps, data, self.edges, progress)


def refuse_equal_names(folders: Sequence[tuple[str, Path]], groups: Collection[str]) -> None:
    """Raise where a folder has the name of a group or of another folder."""
    names = [*groups, *(name for name, _ in folders)]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise ConfigError(f"Two groups are called '{doubled}'. Give the predictions another name: NAME=FOLDER.")
