"""The audit of a pass: random images are predicted and counted again and compared."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from pixcon_diag.audit.counts import Counts, count
from pixcon_diag.audit.probabilities import probabilities
from pixcon_diag.audit.saved_probabilities import saved_probabilities
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.saved_maps import form_of_maps
from pixcon_diag.passes.options import RunChoice, pass_options
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_diag.passes.run import choose_device, evaluation_dataset, on_device
from pixcon_diag.passes.saved_maps import maps_of
from pixcon_diag.provenance import AuditInfo
from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.core.progress import Notify, Progress, no_notes, silent

LARGEST = 2**28
"""Probabilities (classes x pixels) of the largest image that is audited: 2 GiB."""

LOGIT_NOISE = 1e-4
"""Difference of two logits of about 10 that rounding in float32 may explain: other kernels, another batch."""

REDUCED_NOISE = 2e-3
"""The same on devices other than CPUs, where products may be of reduced precision."""

FLOAT32 = 2.4e-7
"""Twice the spacing of float32 below 2: what a confidence may be off even where logits are exact."""


def audit(
    checkpoint: LoadedCheckpoint,
    measured: MeasuredPass,
    run: RunChoice | None = None,
    *,
    images: int,
    seed: int = 0,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> MeasuredPass:
    """``measured`` with :attr:`Provenance.audit`, after random images of it are counted again.

    Each image is predicted alone; class and confidence of every pixel are computed in float64 and compared with the
    pass's label and confidence map, and its counts, made by plain loops over these maps, with those of the pass. Where
    rounding of the network's output could decide a pixel's class or bin, either is right; their number is told. The
    network and the readers of images and masks are those of the pass, so faults in them are not found. Of saved maps,
    the files are read again.

    Args:
        images: how many, chosen with ``seed``; all of them where the pass has fewer.
        run: as of the pass.

    Raises:
        ConfigError: the pass has no maps, or a chosen image is larger than :data:`LARGEST`.
        PixConError: something differs; the message names the image and what.
    """
    if measured.maps is None or measured.confidence is None:
        raise ConfigError("Only a cached pass can be audited: its label and confidence maps are compared.")
    pairs = measured.data.pairs
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:images].tolist()
    pixels = undecided = 0
    progress(0, len(chosen))
    with _again(checkpoint, measured, run or RunChoice()) as (found, noise):
        for done, index in enumerate(chosen, 1):
            truth = read_target(measured.data, index)
            _require_small(measured, pairs[index].image, truth.size)
            undecided += _compared(measured, index, found(index), truth, noise)
            pixels += truth.size
            progress(done, len(chosen))
    info = AuditInfo(len(chosen), pixels, undecided, seed)
    how = "predicted" if checkpoint.maps is None else "read"
    notify(
        f"{measured.name}: audit of {info.images} of {len(pairs)} images: {pixels:,} pixels {how} and counted "
        f"again, every count is equal. For {undecided:,} of them rounding may decide between classes or bins."
    )
    return replace(measured, provenance=replace(measured.provenance, audit=info))


Found = Callable[[int], np.ndarray]
"""Gives the probabilities (K, H, W) of an image by its place in the list, in float64."""


@contextmanager
def _again(checkpoint: LoadedCheckpoint, measured: MeasuredPass, run: RunChoice) -> Iterator[tuple[Found, float]]:
    """The probabilities of a second prediction, and the difference of two logits that rounding may explain."""
    if checkpoint.maps is not None:
        maps = maps_of(checkpoint.maps, measured.data)
        form = form_of_maps(maps, measured.data)
        yield partial(saved_probabilities, maps, measured.data, form), LOGIT_NOISE if form.form == "logits" else 0.0
        return
    options = pass_options(checkpoint, measured.data, run)
    dataset, device = evaluation_dataset(measured.data), choose_device(options.device)
    on_cpus = device.type == "cpu" and measured.provenance.inference.device == "cpu"
    with on_device(checkpoint.model, device) as model:

        def found(index: int) -> np.ndarray:
            return probabilities(model, dataset[index]["image"].numpy(), options.protocol, options.window)

        yield found, LOGIT_NOISE if on_cpus else REDUCED_NOISE


def _require_small(measured: MeasuredPass, name: str, pixels: int) -> None:
    if pixels * measured.data.spec.num_classes > LARGEST:
        raise ConfigError(
            f"{name} has {pixels:,} pixels: an audit holds the probabilities of all classes at once, which is too much "
            f"here. Audit a list of smaller images (up to {LARGEST // measured.data.spec.num_classes:,} pixels)."
        )


def _compared(measured: MeasuredPass, index: int, found: np.ndarray, truth: np.ndarray, noise: float) -> int:
    """The number of pixels that rounding may decide.

    Args:
        index: of the image in the list.
        found: (K, H, W), its probabilities.
        truth: (H, W).
        noise: as :data:`LOGIT_NOISE`.

    Raises:
        PixConError: a map or a count of the pass differs.
    """
    options, name = measured.options, measured.data.pairs[index].image
    prediction, bins = measured.label_maps.read(index), measured.confidence_maps.read(index)
    classes, lowest, highest = _possible(found, np.array(options.edges), noise)
    if prediction.shape != truth.shape or bins.shape != truth.shape:
        raise _difference(measured, name, f"its maps are of {prediction.shape}, its mask of {truth.shape}")
    own = np.take_along_axis(classes, prediction[None].astype(np.intp).clip(max=len(classes) - 1), 0)[0]
    for what, wrong in {
        "another class than the one with the largest probability": ~own | (prediction >= len(classes)),
        "a confidence in another bin": (bins < lowest) | (bins > highest),
    }.items():
        if wrong.any():
            row, column = np.argwhere(wrong)[0].tolist()
            raise _difference(measured, name, f"{wrong.sum():,} pixels have {what} (row {row}, column {column})")
    counted = count(prediction, bins, truth, len(classes), options)
    if unequal := counted.differences(_stored(measured, index)):
        raise _difference(measured, name, f"plain loops over its maps give other counts ({', '.join(unequal)})")
    return int(((classes.sum(0) > 1) | (lowest != highest)).sum())


def _possible(found: np.ndarray, edges: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each pixel the classes (K, H, W) and the lowest and highest bin (H, W) that rounding could give."""
    best = found.max(0)
    classes = found >= best * (1 - 2 * noise)
    others = np.where(np.arange(len(found))[:, None, None] == found.argmax(0), 0, found).sum(0)
    margin = 2 * noise * best * others + FLOAT32
    edges = edges.astype(np.float32).astype(np.float64)  # as training compares
    lowest, highest = (np.searchsorted(edges, best + sign * margin, side="right") - 1 for sign in (-1, 1))
    return classes, lowest.clip(0), highest


def _stored(measured: MeasuredPass, index: int) -> Counts:
    """What the pass holds of an image."""
    counts, cells = measured.counts, measured.cells
    return Counts(
        counts.statistics[index],
        counts.histogram[index],
        counts.boundary[index],
        np.asarray(cells.counts[index].todense()).reshape(cells.shape),
        cells.histogram[index],
    )


def _difference(measured: MeasuredPass, image: str, what: str) -> PixConError:
    return PixConError(
        f"The audit of {measured.name} failed at {image}: {what}. Remove {measured.folder} and measure again; if it "
        "fails again, please report it with the version, the device and the command."
    )
