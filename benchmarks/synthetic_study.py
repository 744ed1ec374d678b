"""A synthetic study of the size of a published data set, for tests and timings of the report's page.

The report is written by ``Study.report`` on small images, as the page's tables, charts and data do not depend on their
number of pixels. Only the images that the page shows have their full size: they replace the small ones where the page
reads them, and files of noise take the place of its figures, as many as it holds at most. Labels, predictions and
confidences are smooth with noise, as a network's are, so that they compress alike: regions with wavy borders, errors
along the borders and in whole regions, and confidence that falls towards the borders.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import distance_transform_edt, zoom

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.options import BankOptions, StudyOptions
from pixcon_diag.passes.options import RunChoice
from pixcon_diag.reporting.page.image_files import SourceImage
from pixcon_diag.reporting.page.images import Shown
from pixcon_diag.reporting.page.saved import FIGURES_SIZE
from pixcon_diag.study import Study
from pixcon_train.core.void import VOID
from pixcon_train.data.transforms import MEAN, STD

METHODS = ("none", "clean")
FEATURES = 16
SMALL = (48, 64)
"""Height and width of the images that are measured."""
EPOCHS = 60
CONFUSED = 0.15
"""Share of the regions that a method takes for another class."""


@dataclass(frozen=True)
class Size:
    """The size of a study."""

    classes: int
    images: int
    """Images measured."""
    height: int
    width: int
    """Of the images shown."""
    regions: int
    """Regions of an image."""


PASCAL = Size(classes=21, images=1449, height=375, width=500, regions=4)
ADE20K = Size(classes=150, images=2000, height=512, width=683, regions=12)


def wave(random: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth noise of unit variance, with about ``cells`` bumps along each edge."""
    coarse = random.standard_normal((cells + 1, cells + 1))
    smooth = zoom(coarse, (shape[0] / coarse.shape[0], shape[1] / coarse.shape[1]), order=3)
    return (smooth / smooth.std()).astype(np.float32)


def scene(random: np.random.Generator, shape: tuple[int, int], regions: int, classes: int) -> np.ndarray:
    """A label map: regions with wavy borders, (H, W) uint8, with a void line along the borders."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    rows += 0.04 * shape[0] * wave(random, shape, 6)
    columns += 0.04 * shape[1] * wave(random, shape, 6)
    centers = random.random((regions, 2)) * shape
    nearest = np.stack([(rows - y) ** 2 + (columns - x) ** 2 for y, x in centers]).argmin(0)
    labels = random.integers(0, classes, regions).astype(np.uint8)[nearest]
    labels[border(labels)] = VOID
    return labels


def border(labels: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbour has another label."""
    edge = np.zeros(labels.shape, dtype=bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return edge


def predicted(random: np.random.Generator, truth: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """What a method predicts: labels (H, W) uint8, and confidence in [0, 1]."""
    rows, columns = np.mgrid[: truth.shape[0], : truth.shape[1]]
    shift = [np.rint(3 * wave(random, truth.shape, 12)).astype(int) for _ in range(2)]
    rows = np.clip(rows + shift[0], 0, truth.shape[0] - 1)
    columns = np.clip(columns + shift[1], 0, truth.shape[1] - 1)
    filled = truth[tuple(distance_transform_edt(truth == VOID, return_distances=False, return_indices=True))]
    taken = np.arange(classes, dtype=np.uint8)
    wrong = random.random(classes) < CONFUSED
    taken[wrong] = random.integers(0, classes, int(wrong.sum()))
    labels = taken[filled[rows, columns]]
    distance = distance_transform_edt(~border(labels))
    noise = 0.7 * wave(random, truth.shape, 20)  # none by pixel, as networks predict coarsely and interpolate
    return labels, 1 / (1 + np.exp(-(0.5 + 0.35 * np.minimum(distance, 20) + noise)))


def photograph(random: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """Shaded and textured regions, (H, W, 3) uint8."""
    colors = random.integers(40, 216, (256, 3))[truth].astype(np.float32)
    shade = 25 * wave(random, truth.shape, 5) + 12 * wave(random, truth.shape, 60)
    return np.clip(colors + shade[..., None] + random.normal(0, 8, colors.shape), 0, 255).astype(np.uint8)


def source_image(size: Size, index: int, thresholds: np.ndarray) -> SourceImage:
    """An image in full size with the maps of every method, the same for the same index."""
    random = np.random.default_rng(index)
    truth = scene(random, (size.height, size.width), size.regions, size.classes)
    found = [predicted(random, truth, size.classes) for _ in METHODS]
    stops = tuple((np.searchsorted(thresholds, each, side="right") - 1).astype(np.uint8) for _, each in found)
    return SourceImage(photograph(random, truth), truth, tuple(labels for labels, _ in found), stops)


def colors_of(classes: int) -> np.ndarray:
    """A colour for each class, spread over the cube, (K, 3) in 0–255."""
    per_edge = int(np.ceil(classes ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.linspace(20, 235, per_edge)] * 3), axis=-1).reshape(-1, 3)
    return grid[np.linspace(0, len(grid) - 1, classes).astype(int)]


def write_data(root: Path, size: Size) -> DataChoice:
    """Write the small images, in which a pixel has the colour of its class and noise."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    colors, lines = colors_of(size.classes), []
    for index in range(size.images):
        random = np.random.default_rng(index)
        truth = scene(random, SMALL, size.regions, size.classes)
        pixels = colors[np.minimum(truth, size.classes - 1)] + 14 * wave(random, SMALL, 8)[..., None]
        pixels += random.normal(0, 12, pixels.shape)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(root / f"images/{index}.png")
        Image.fromarray(truth).save(root / f"masks/{index}.png")
        lines.append(f"images/{index}.png masks/{index}.png\n")
    (root / "val.txt").write_text("".join(lines))
    names = [f"class {k}" for k in range(size.classes)]
    (root / "synthetic.yaml").write_text(f"classes: {json.dumps(names)}\n")
    return DataChoice(str(root / "synthetic.yaml"), root)


def network(name: str, classes: int, seed: int) -> LoadedCheckpoint:
    """A network that classifies a pixel by the nearest of the colours, each slightly off."""
    generator = torch.Generator().manual_seed(seed)
    colors = torch.tensor(colors_of(classes) / 255, dtype=torch.float32)
    colors = (colors + 0.03 * torch.randn(colors.shape, generator=generator) - torch.tensor(MEAN)) / torch.tensor(STD)
    feature, classifier = torch.nn.Conv2d(3, FEATURES, 1, bias=False), torch.nn.Conv2d(FEATURES, classes, 1)
    basis = torch.linalg.qr(torch.randn(FEATURES, 3, generator=generator)).Q
    with torch.no_grad():
        feature.weight.copy_(basis[:, :, None, None])
        classifier.weight.copy_(8 * (colors @ basis.T)[:, :, None, None])
        classifier.bias.copy_(-4 * (colors**2).sum(1))
    return wrap_module(torch.nn.Sequential(feature, classifier), classes, name=name, feature="0")


def write_log(folder: Path, size: Size, seed: int) -> Path:
    """A log of a training run."""
    random, folder_classes = np.random.default_rng(seed), [f"class {k}" for k in range(size.classes)]
    folder.mkdir(parents=True)
    lines = [{"event": "start", "iteration": 0, "config": {"preset": "pixcon", "seed": seed}}]
    for epoch in range(1, EPOCHS + 1):
        values = np.clip(0.8 * (1 - np.exp(-epoch / 12)) + random.normal(0, 0.03, size.classes), 0, 1)
        iou = dict(zip(folder_classes, values.tolist(), strict=True))
        scores = {"miou": float(values.mean()), "miou_zero": float(values.mean()), "iou": iou}
        record = {"event": "epoch", "epoch": epoch, "epochs": EPOCHS, "losses": {"loss": 1 / epoch}}
        validation = {"student": scores, "ema": scores}
        lines.append(record | {"retention": 0.9 * (1 - np.exp(-epoch / 8)), "validation": validation})
    path = folder / "log.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


@contextmanager
def full_size(size: Size) -> Iterator[None]:
    """Within the block, the page shows images in full size."""

    def read(shown: Sequence[Shown], index: int) -> SourceImage:
        one = next(one for one in shown if one.measured)
        edges = np.array(one.member.options.edges)
        return source_image(size, index, edges[[*one.stops]])

    with patch("pixcon_diag.reporting.page.images._read", read), patch("pixcon_figures.processes.Child", Noise):
        yield


class Noise:
    """Stands for a process that draws: its figures are noise."""

    def draw(self, folder: Path, name: str, style: str | None) -> tuple[list[str], list[str]]:
        """Write a figure."""
        (folder / f"{name}.pdf").write_bytes(np.random.default_rng(0).bytes(FIGURES_SIZE // 12))
        return [f"{name}.pdf"], []

    def terminate(self) -> None:
        """Nothing is to end."""

    def end(self) -> None:
        """Nothing is to end."""


def write_page(folder: Path, size: Size, *, images: int | None = None) -> Path:
    """The page of a report on two networks with all sections, without figures beside it.

    Args:
        folder: of the data and of the report.
        size: of the study.
        images: images on the page; None: as many as its size allows.
    """
    data = write_data(folder / "data", size)
    networks = {name: network(name, size.classes, seed) for seed, name in enumerate(METHODS)}
    logs = {name: [str(write_log(folder / "logs" / name, size, seed))] for seed, name in enumerate(METHODS)}
    run = RunChoice(device="cpu", batch_size=16, workers=0)
    options = StudyOptions(
        data=data, run=run, bank=BankOptions(list_path=folder / "data/val.txt"), cache=folder / "cache"
    )
    with full_size(size):
        return Study(networks, logs=logs, options=options).report(folder / "report", images=images).page
