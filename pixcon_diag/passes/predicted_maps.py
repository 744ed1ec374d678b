"""The label maps that a network predicts for a list of images, with or without masks."""

from dataclasses import dataclass

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import LabelMapFiles
from pixcon_diag.provenance import Provenance
from pixcon_train.core.errors import ConfigError


@dataclass(frozen=True)
class PredictedMaps:
    """Predicted label maps of one list of images."""

    name: str
    provenance: Provenance
    data: EvaluationData
    maps: LabelMapFiles | None
    """None where they were not cached."""

    @property
    def label_maps(self) -> LabelMapFiles:
        """The label maps.

        Raises:
            ConfigError: they were not cached.
        """
        if self.maps is None:
            raise ConfigError(f"{self.name}'s label maps were not cached. Give measure() a folder for its cache.")
        return self.maps
