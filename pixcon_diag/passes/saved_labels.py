"""Saved label maps of images that may have no masks, which are compared with one another and not counted."""

import hashlib

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.saved_maps import SavedMaps, size_of
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_diag.provenance import CheckpointInfo, InferenceInfo, Provenance
from pixcon_train.core.errors import DataError
from pixcon_train.core.progress import Progress, silent, tracked
from pixcon_train.core.version import VERSION


def saved_labels(name: str, maps: SavedMaps, data: EvaluationData, progress: Progress = silent) -> PredictedMaps:
    """The label maps of a folder as predictions; its hash is that of the files.

    Raises:
        DataError: a map cannot be read, is of another size than its image, or holds a number that is no class.
    """
    classes = data.spec.num_classes
    for index in tracked(range(len(data.pairs)), progress):
        labels, expected = maps.labels.read(index), size_of(data, index)
        found, highest = labels.shape, int(labels.max(initial=0))
        if highest >= classes:
            raise DataError(
                f"{maps.files[index]} holds {highest}, which is no class of {data.spec.name}, whose indices are 0 to "
                f"{classes - 1}. Save the class with the highest score at every pixel."
            )
        if found != expected:
            raise DataError(
                f"{maps.files[index]} is of {found[1]}×{found[0]} pixels, but its image is of {expected[1]}×"
                f"{expected[0]}. Save predictions at the image's size."
            )
    digest = hashlib.sha256("\n".join(maps.sha256()).encode()).hexdigest()
    info = CheckpointInfo.of_maps(maps.folder, digest, "saved label maps", classes)
    inference = InferenceInfo(protocol="unknown", window=None, batch_size=1, device="none")
    return PredictedMaps(name, Provenance(info, data.info(), inference, {}, VERSION), data, maps.labels)
