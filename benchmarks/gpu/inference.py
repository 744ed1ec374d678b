"""Predictions, retention, contamination and every encoder on the CPU and on the device, and the releases' own logits.

TF32 is off except in the row that names it; PyTorch, and therefore the commands, use it for convolutions.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.gpu.harness import enliven, synthetic_batch
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, at_least, at_most, measured, skipped
from benchmarks.machine import ROOT
from pixcon_diag.measures.contamination import Contamination
from pixcon_train.core.void import VOID
from pixcon_train.evaluation.inference import predict
from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from pixcon_train.models.sizes import ENCODERS

SAME_CLASS = 0.999
"""Smallest fraction of pixels with the same class."""

SHARES_NEAR = 1e-3
"""Largest difference of retention and of contamination, as fractions."""

LOGITS_NEAR = 1e-4
"""Largest difference of a network's logits, relative to the largest logit."""

GOLDEN_NEAR = 1e-4
"""Largest absolute difference from the releases' logits."""


class Sizes(NamedTuple):
    """Network, images and windows."""

    encoder: str
    classes: int
    images: int
    height: int
    width: int
    window: int


FULL, SMALL = Sizes("small", 21, 4, 375, 500, 252), Sizes("nano", 3, 1, 30, 40, 28)


class Seen(NamedTuple):
    """Results of one device."""

    prediction: Tensor
    retention: float
    contamination: float


def run(options: Options) -> Iterator[Row]:
    """Both protocols and sliding windows, then the reference logits."""
    _tf32(False)
    sizes = SMALL if options.small else FULL
    for architecture, protocol, window in (
        ("unimatch_v2", "unimatch-v2", None),
        ("pixcon", "pixcon", None),
        ("pixcon", "pixcon", SlidingWindow(sizes.window)),
    ):
        yield from _compared(architecture, protocol, window, sizes, options)
    yield from _encoders(sizes, options)
    yield from golden(options)


@torch.inference_mode()
def _encoders(sizes: Sizes, options: Options) -> Iterator[Row]:
    """Logits of a network with each encoder, relative to the largest logit."""
    for encoder, suffix in ENCODERS.items():
        torch.manual_seed(0)
        model = enliven(build_model("pixcon", sizes.encoder + suffix, sizes.classes, projection=False)).eval()
        image = torch.randn(1, 3, 4 * model.patch_size, 5 * model.patch_size)
        expected = model(image).logits
        found = model.to(options.device)(image.to(options.device)).logits.cpu()
        yield at_most(f"{encoder}: logits", float((found - expected).abs().max() / expected.abs().max()), LOGITS_NEAR)


def _compared(
    architecture: str, protocol: str, window: SlidingWindow | None, sizes: Sizes, options: Options
) -> Iterator[Row]:
    name = f"{architecture}, windows" if window else architecture
    torch.manual_seed(0)
    model = enliven(build_model(architecture, sizes.encoder, sizes.classes, projection=False)).eval()
    edge = max(sizes.height, sizes.width)
    labeled, _ = synthetic_batch(sizes.images, edge, sizes.classes, torch.device("cpu"), seed=0, void=True)
    images = labeled["image"][..., : sizes.height, : sizes.width]
    target = labeled["mask"][:, : sizes.height, : sizes.width]
    tau, expected = _seen(model, images, target, "cpu", protocol, window, None)
    _, found = _seen(model, images, target, options.device, protocol, window, tau)
    same = float((found.prediction == expected.prediction).double().mean())
    yield at_least(f"{name}: same class", same, SAME_CLASS)
    off = max(abs(getattr(found, what) - getattr(expected, what)) for what in ("retention", "contamination"))
    yield at_most(f"{name}: retention, rho_F", off, SHARES_NEAR, cpu=expected[1:], device=found[1:], tau=tau)
    if options.device == "cuda" and window is None:
        _tf32(True)
        _, rough = _seen(model, images, target, options.device, protocol, window, tau)
        _tf32(False)
        share = float((rough.prediction == expected.prediction).double().mean())
        yield measured(f"{name}: same class, TF32", f"{share:.6g}", value=share)


@torch.inference_mode()
def _seen(
    model: SegmentationModel,
    images: Tensor,
    target: Tensor,
    device: str,
    protocol: str,
    window: SlidingWindow | None,
    tau: float | None,
) -> tuple[float, Seen]:
    """The threshold, by default the median confidence, and the results at that threshold."""
    model.to(device)
    found = predict(model, images.to(device), protocol=protocol, window=window)  # type: ignore[arg-type]
    confidence, prediction = found.confidence, found.prediction
    tau = float(confidence.median()) if tau is None else tau
    metric = Contamination(model.num_classes, void=VOID, taus=(tau,), widths=()).to(device)
    metric.update(confidence, prediction, target.to(device))
    overall = metric.compute().at(tau).overall
    return tau, Seen(prediction.cpu(), overall.retention, overall.rho_f)


def golden(options: Options) -> Iterator[Row]:
    """The releases' logits of the small networks with rule-generated weights, if the reference values are available."""
    folders = [os.environ.get("PIXCON_REFERENCE"), ROOT / "shared", ROOT.parent / "shared"]
    path = next(
        (file for file in (Path(f, "golden/reference_values.npz") for f in folders if f) if file.is_file()), None
    )
    if path is None:
        yield skipped("the releases' logits", "no reference values (set PIXCON_REFERENCE to their folder)")
        return
    sys.path.insert(0, str(ROOT))
    from tests.reference import fill_by_rule, golden_input

    with np.load(path) as values:
        for architecture in ("unimatch_v2", "pixcon"):
            model: nn.Module = fill_by_rule(build_model(architecture, "small", 21, projection=False)).eval()
            with torch.inference_mode():
                logits = model.to(options.device)(golden_input(70, 98).to(options.device)).logits.cpu()
            expected = torch.from_numpy(values[f"{architecture}_small/logits_70x98"])
            off = float((logits[..., ::7, ::7] - expected).abs().max())
            yield at_most(f"{architecture}: release's logits", off, GOLDEN_NEAR)


def _tf32(allowed: bool) -> None:
    torch.backends.cudnn.allow_tf32 = allowed
