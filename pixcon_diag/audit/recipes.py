"""Which recipe fits the weights of a ResNet: the pixels that each predicts correctly on the same few images.

Output stride, dilations and pooling are not in the weights, and a network with others loads without an error.
"""

from dataclasses import replace
from typing import cast

import numpy as np
import torch

from pixcon_diag.checkpoints.loading import LoadedCheckpoint, load
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.options import PassOptions, RunChoice, pass_options
from pixcon_diag.passes.run import choose_device, evaluation_dataset, on_device
from pixcon_diag.provenance import RecipeCheck
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.void import void_of
from pixcon_train.evaluation.inference import predict_classes
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.recipes import RECIPES

IMAGES = 20
"""Images that are compared, spread evenly over the list."""


def correct_pixels(
    checkpoint: LoadedCheckpoint, data: EvaluationData, run: RunChoice | None = None, *, progress: Progress = silent
) -> dict[str, np.ndarray]:
    """``correct`` and ``pixels`` (recipes, images) int64: correctly predicted and valid pixels by recipe and image.

    Recipes are in the order of :data:`pixcon_train.models.recipes.RECIPES`.

    Args:
        checkpoint: of a file, with a recipe.
        run: as of the pass.

    Raises:
        PixConError: the file has changed, or an image or mask cannot be read.
    """
    options = pass_options(checkpoint, data, run or RunChoice())
    last = len(data.pairs) - 1
    chosen = np.unique(np.linspace(0, last, min(IMAGES, last + 1)).round().astype(int)).tolist()
    progress(0, len(RECIPES) * len(chosen))
    rows = []
    for number, recipe in enumerate(RECIPES):
        other = load(
            checkpoint.info.source, weights=checkpoint.requested, allow_legacy=checkpoint.allow_legacy, recipe=recipe
        )
        rows.append(_counts(other, data, options, chosen))
        progress((number + 1) * len(chosen), len(RECIPES) * len(chosen))
    correct, pixels = np.moveaxis(np.array(rows, dtype=np.int64), -1, 0)
    return {"correct": correct, "pixels": pixels}


@torch.inference_mode()
def _counts(
    checkpoint: LoadedCheckpoint, data: EvaluationData, options: PassOptions, chosen: list[int]
) -> list[tuple[int, int]]:
    """Correctly predicted and valid pixels of each chosen image."""
    dataset, void = evaluation_dataset(data), void_of(data.spec.num_classes)
    device, counts = choose_device(options.device), []
    with on_device(checkpoint.model, device) as model:
        for index in chosen:
            item = dataset[index]
            predicted = predict_classes(
                cast(SegmentationModel, model),
                item["image"][None].to(device),
                protocol=options.protocol,
                window=options.window,
            )
            truth = item["mask"]
            valid = truth != void
            right = valid & (predicted.prediction[0].cpu().to(truth.dtype) == truth)
            counts.append((int(right.sum()), int(valid.sum())))
    return counts


def recipe_check(used: str, correct: np.ndarray, pixels: np.ndarray) -> RecipeCheck:
    """The comparison of the ``used`` recipe with the one of the highest accuracy, paired over images.

    Args:
        used: name of the recipe.
        correct: (recipes, images), correctly predicted pixels.
        pixels: (recipes, images), valid pixels; images without any do not count.
    """
    names, seen = list(RECIPES), pixels[0] > 0
    accuracy = correct[:, seen] / pixels[:, seen]
    means = accuracy.mean(1) if seen.any() else np.full(len(names), np.nan)
    best = names[int(means.argmax())]
    difference = accuracy[names.index(best)] - accuracy[names.index(used)]
    error = float(difference.std(ddof=1) / len(difference) ** 0.5) if len(difference) > 1 else float("nan")
    about = dict(zip(names, means.tolist(), strict=True))
    mean = float(difference.mean()) if len(difference) else float("nan")
    check = RecipeCheck(int(seen.sum()), about, used, best, mean, error, mean > 2 * error)
    return replace(check, verdict=_verdict(check))


def _verdict(check: RecipeCheck) -> str:
    used = f"{check.used} ({RECIPES[check.used]})"
    accuracies = ", ".join(f"{name} {100 * value:.2f} %" for name, value in check.accuracies.items())
    compared = f"Pixel accuracy on {check.images} images by recipe: {accuracies}."
    if check.told_apart:
        return (
            f"{compared} The weights fit {check.best} ({RECIPES[check.best]}) better than the recipe that was used, "
            f"{used}: by {100 * check.difference:.2f} ± {100 * check.standard_error:.2f} points, paired over images. "
            f"Measure with --recipe {check.best}."
        )
    return f"{compared} No other recipe fits better than {used}: the cause is another one."
