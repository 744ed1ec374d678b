"""Whole-image evaluation: mIoU counts of a validation against the way of the public releases.

Run: python -m benchmarks.evaluation [--classes 21 150] [--size 375 500] [--images 2] [--device cpu]

Both take the same images and network, alternately in one process. The network is DINOv2-small
with initial weights, and the images are noise. The network alone (to logits at its input's size) is timed beside them
as the limit of what evaluation can save.
"""

import argparse
from functools import partial

import torch
from torch import Tensor

from benchmarks.baselines.evaluation import evaluate, explicit_attention
from benchmarks.results import Row, add_options, report
from benchmarks.timing import alternate, ratio
from pixcon_train.core.progress import silent
from pixcon_train.evaluation.inference import predict_classes
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.validation import over_images
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.base import SegmentationModel, resize

TARGETS = {21: 0.67, 150: 0.60}


def product(model: SegmentationModel, images: list[Tensor], masks: list[Tensor], num_classes: int) -> Tensor:
    """Counts of this project's validation, (3, K)."""
    metric = SegmentationIoU(num_classes).to(images[0].device)
    over_images(
        model,
        [[(image[None], mask[None])] for image, mask in zip(images, masks, strict=True)],
        predict_classes,
        lambda predicted, target: metric.update(predicted.prediction, target),
        device=images[0].device,
        protocol="unimatch-v2",
        window=None,
        progress=silent,
        stop=lambda: False,
    )
    return metric.counts


def published(model: SegmentationModel, images: list[Tensor], masks: list[Tensor], num_classes: int) -> None:
    """The release's way with its attention."""
    with explicit_attention(model):
        evaluate(model, images, masks, num_classes)


@torch.inference_mode()
def network(model: SegmentationModel, images: list[Tensor]) -> None:
    """The network alone."""
    for image in images:
        model(resize(image[None], *(round(edge / 14) * 14 for edge in image.shape[-2:])))


def rows(options: argparse.Namespace, num_classes: int) -> list[Row]:
    """Ratios of one number of classes."""
    torch.manual_seed(0)
    device = torch.device(options.device)
    model = ARCHITECTURES["unimatch_v2"].new_model("small", num_classes).eval().to(device)
    images = [torch.randn(3, *options.size, device=device) for _ in range(options.images)]
    masks = [torch.randint(0, num_classes, options.size, device=device) for _ in range(options.images)]
    ways = {
        "published": partial(published, model, images, masks, num_classes),
        "same network": partial(evaluate, model, images, masks, num_classes),
        "product": partial(product, model, images, masks, num_classes),
        "network": partial(network, model, images),
    }
    seconds = alternate(ways, options.repeats, device=device)
    found = seconds["product"]
    label = f"evaluation, K = {num_classes}"
    return [
        Row(
            f"{label} ÷ release's way",
            ratio(found, seconds["published"]),
            target=TARGETS.get(num_classes),
            values={"seconds": seconds},
        ),
        Row(f"{label} ÷ release's way, same attention", ratio(found, seconds["same network"])),
        Row(f"network alone, K = {num_classes} ÷ release's way", ratio(seconds["network"], seconds["published"])),
    ]


def main() -> int:
    """Print and save the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="+", default=[21, 150])
    parser.add_argument("--size", type=int, nargs=2, default=[375, 500], help="height and width of the images")
    parser.add_argument("--images", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    add_options(parser, "evaluation", repeats=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = [row for count in options.classes for row in rows(options, count)]
    title = f"Whole-image evaluation, DINOv2-small, {options.images} images of {options.size[0]}×{options.size[1]} px"
    return report(title, found, options.out, classes=options.classes, size=options.size, device=options.device)


if __name__ == "__main__":
    raise SystemExit(main())
