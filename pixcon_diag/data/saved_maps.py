"""A folder of predictions that any framework saved: labels, labels with their confidence, or scores of every class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixcon_diag.data.confidence_codes import KEYWORD, PLAIN, off_scale, read_confidence, read_scale
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import LabelMapFiles, find_maps, map_places, require_maps_folder
from pixcon_diag.data.score_files import SUFFIXES, Form, Scores, read_scores
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import sha256
from pixcon_train.core.paths import is_file
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.void import void_of
from pixcon_train.data.image_headers import read_header

LABELS = ".png"
CONFIDENCE = ".confidence.png"
"""Suffix of the confidence beside the labels: IMAGE.png, IMAGE.confidence.png."""
LARGEST = 2**32
"""Most bytes of a file: 150 classes of an image of seven megapixels in float32."""
HOW = (
    "Save the probabilities or logits of each image as IMAGE.npz, or the confidence as IMAGE.confidence.png beside "
    "IMAGE.png: docs/saved-maps.md has the lines for your own loop."
)
"""What to do where the confidence is missing."""


@dataclass(frozen=True)
class SavedMaps:
    """The files of a list of images, in its order."""

    folder: Path
    files: tuple[Path, ...]
    """The label map of each image, or its scores."""
    confidence: tuple[Path, ...]
    """The confidence of each image whose label map is in :attr:`files`; empty without."""
    num_classes: int

    @property
    def has_scores(self) -> bool:
        """Whether the files hold probabilities or logits of every class."""
        return self.files[0].suffix != LABELS

    @property
    def has_confidence(self) -> bool:
        """Whether the confidence of every pixel is known."""
        return self.has_scores or bool(self.confidence)

    @property
    def labels(self) -> LabelMapFiles:
        """The label maps; only where there are no scores."""
        return LabelMapFiles(self.files, void_of(self.num_classes))

    def read_labels(self, index: int, size: tuple[int, ...], scale: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Predicted class (H, W) and confidence (H, W) float32 of an image.

        Args:
            size: (H, W) of the mask.
            scale: that of the other images' confidence; None: any.

        Raises:
            DataError: a file is missing, damaged, or of another size or scale.
        """
        if scale not in (None, read_scale(self.confidence[index])):
            raise DataError(
                f"{self.confidence[index]} has another scale of confidences (the text `{KEYWORD}`) than "
                f"{self.confidence[0]}. Save the confidences of a folder by one scale."
            )
        labels, confidence = self.labels.read(index), read_confidence(self.confidence[index])
        for file, values in ((self.files[index], labels), (self.confidence[index], confidence)):
            if values.shape != size:
                raise DataError(
                    f"{file} is {_pixels(values.shape)}, but its mask is {_pixels(size)}. Save predictions at the "
                    "mask's size."
                )
        if labels.max() >= self.num_classes:
            raise DataError(
                f"{self.files[index]} holds class {labels.max()}, but there are classes 0..{self.num_classes - 1}. "
                "Every pixel needs a class beside its confidence, also where the mask is void."
            )
        return labels, confidence

    def read_scores(self, index: int, size: tuple[int, ...], form: Form | None = None) -> Scores:
        """Probabilities or logits of an image.

        Args:
            size: (H, W) of the mask.
            form: that of the other images; None: any.

        Raises:
            DataError: as :func:`pixcon_diag.data.score_files.read_scores`, or they are of another form.
        """
        scores = read_scores(self.files[index], (self.num_classes, size[0], size[1]))
        if form not in (None, scores.form):
            raise DataError(
                f"{self.files[index]} holds {scores.form}, but {self.files[0]} holds {form}. Save one kind of scores "
                "in a folder."
            )
        return scores

    def sha256(self, progress: Progress = silent) -> list[str]:
        """Hashes of all files.

        Raises:
            DataError: one cannot be read.
        """
        hashes = []
        for done, file in enumerate(every := [*self.files, *self.confidence]):
            progress(done, len(every))
            try:
                if (size := file.stat().st_size) > LARGEST:
                    raise DataError(
                        f"{file} has {size:,} bytes, too many for one image. Expected at most {LARGEST:,}: save each "
                        "image alone, in float32 or float16."
                    )
                hashes.append(sha256(file))
            except OSError as error:
                raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None
        progress(len(every), len(every))
        return hashes


@dataclass(frozen=True)
class MapsForm:
    """What the files of a folder hold, by those of the first image."""

    form: Form | None
    """None for labels with their confidence."""
    dtype: str
    suffix: str
    scale: str | None = None
    """The scale of the confidence maps; None for scores."""
    interpolated: bool = False
    """Whether they are probabilities beyond [0, 1]."""

    @property
    def text(self) -> str:
        """In words."""
        if self.form is None:
            return "saved labels and confidence (16-bit PNG)"
        beyond = ", beyond [0, 1] as interpolation gives: clipped" if self.interpolated else ""
        return f"saved {self.form} ({self.dtype}, {self.suffix}{beyond})"

    def remark(self, edges: Sequence[float]) -> str | None:
        """How counts at the thresholds ``edges`` may differ from those of the network itself; None if they do not."""
        if self.scale is None:
            rounded = f"{self.dtype} is rounded: pixels close to a threshold may be counted on its other side"
            return rounded if self.dtype in ("float16", "bfloat16") else None
        off = off_scale(self.scale, edges)
        if not off:
            return None
        which = "most thresholds" if len(off) > 3 else f"τ = {', '.join(f'{tau:g}' for tau in off)}"
        size = f" (1/65535, as the files have no text `{KEYWORD}`)" if self.scale == PLAIN else ""
        return (
            f"the confidence is right to one code{size}: at {which}, pixels within one code of τ may count either way"
        )


def find_saved_maps(folder: Path, images: Sequence[str], num_classes: int) -> SavedMaps:
    """The predictions of ``images`` in a folder, under the image's relative path or its file name.

    Raises:
        DataError: there is no such folder, an image has no prediction or several, two images share one, or they are
            of several kinds.
    """
    require_maps_folder(folder)
    suffix = _suffix(folder, images)
    files = find_maps(folder, images, suffix)
    beside = [file.with_suffix(CONFIDENCE) for file in files] if suffix == LABELS else []
    missing = [file for file in beside if not is_file(file)]
    if len(missing) not in (0, len(beside)):
        raise DataError(
            f"{len(missing):,} of {len(beside):,} label maps in {folder} have no confidence beside them, such as "
            f"{missing[0]}. Save it for every image, or for none."
        )
    return SavedMaps(folder, files, () if missing else tuple(beside), num_classes)


def with_confidence(maps: SavedMaps) -> SavedMaps:
    """``maps``, which must have a confidence.

    Raises:
        DataError: they are labels alone.
    """
    if not maps.has_confidence:
        raise DataError(f"The label maps in {maps.folder} hold no confidence. {HOW}")
    return maps


def form_of_maps(maps: SavedMaps, data: EvaluationData) -> MapsForm:
    """What the files of a folder hold, by those of the first image.

    Raises:
        DataError: they cannot be read.
    """
    suffix, size = maps.files[0].suffix, size_of(data, 0)
    if maps.has_scores:
        first = maps.read_scores(0, size)
        return MapsForm(first.form, first.dtype, suffix, interpolated=first.interpolated)
    maps.read_labels(0, size)
    return MapsForm(None, "uint16", suffix, read_scale(maps.confidence[0]))


def size_of(data: EvaluationData, index: int) -> tuple[int, int]:
    """Height and width of an image's mask, or of the image where it has no mask.

    Raises:
        DataError: the file cannot be read.
    """
    pair = data.pairs[index]
    if pair.mask is None:
        return read_header(data.source.root / pair.image).shape
    return read_header(data.source.root / pair.mask, "mask").shape


def _suffix(folder: Path, images: Sequence[str]) -> str:
    """The one suffix of the files of all images."""
    examples: dict[str, Path] = {}
    for image in images:
        for suffix in (LABELS, *SUFFIXES):
            for place in map_places(folder, image, suffix):
                if suffix not in examples and is_file(place):
                    examples[suffix] = place
    if len(examples) > 1:
        raise DataError(
            f"{folder} holds predictions of several kinds: {', '.join(map(str, examples.values()))}. Expected one "
            "kind: PNGs of labels, or files of scores. Move the others to a folder of their own."
        )
    if not examples:
        place = map_places(folder, images[0], LABELS)[0]
        raise DataError(
            f"{folder} has a prediction of none of the {len(images):,} images, such as {images[0]}: expected {place}, "
            f"a PNG of class indices, or its probabilities or logits as {', '.join(SUFFIXES)}. Is it the folder of "
            "another list (--list)?"
        )
    return next(iter(examples))


def _pixels(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]} pixels"
