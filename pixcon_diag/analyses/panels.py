"""Choosing images, and writing the panels from which the figure is drawn."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.measures.error_regions import MIN_SHARE, error_regions
from pixcon_diag.measures.qualitative import RankBy, RankedImage, Ranking, image_errors, rank_images
from pixcon_diag.passes.predictions import MeasuredGroup, Predictions, read_target
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import file_stem, replacing
from pixcon_train.core.void import void_of
from pixcon_train.data.images import read_image

PANELS = "qualitative_panels"


@dataclass(frozen=True)
class Choice:
    """How images are selected."""

    rank_by: RankBy = "error-diff"
    count: int = 16
    names: tuple[str, ...] = ()
    seed: int = 0
    min_share: float = MIN_SHARE


@dataclass(frozen=True)
class Chosen:
    """Images chosen to be shown, of the first member of each group."""

    methods: tuple[str, ...]
    members: tuple[Predictions, ...]
    ranking: Ranking
    choice: Choice


def choose_images(groups: Sequence[MeasuredGroup], choice: Choice) -> Chosen:
    """Rank the images of the first group (the baseline) against the second one, if there is one.

    Raises:
        ConfigError: more than two groups to compare, a difference with only one group, or an unknown image.
    """
    if len(groups) > 2:
        names = ", ".join(group.name for group in groups)
        raise ConfigError(f"A grid compares at most two methods, got {len(groups)}: {names}. Name the two to show.")
    members = tuple(group.members[0] for group in groups)
    errors = [image_errors(member.statistics) for member in members]
    ranking = rank_images(
        [pair.image for pair in members[0].data.pairs],
        errors[0],
        errors[1] if len(errors) > 1 else None,
        rank_by=choice.rank_by,
        count=choice.count,
        generator=np.random.default_rng(choice.seed),
        chosen=choice.names,
    )
    return Chosen(tuple(group.name for group in groups), members, ranking, choice)


def write_panels(chosen: Chosen, folder: Path) -> list[dict[str, Any]]:
    """Write every chosen image, its target and its predictions below ``folder``; the records for the figure.

    Raises:
        DataError: an image, mask or label map cannot be read.
        PixConError: the folder cannot be written.
    """
    shutil.rmtree(folder / PANELS, ignore_errors=True)  # those of an earlier choice
    return [_write(chosen, image, number, folder) for number, image in enumerate(chosen.ranking.images, 1)]


def _write(chosen: Chosen, image: RankedImage, number: int, folder: Path) -> dict[str, Any]:
    data = chosen.members[0].data
    palette = [part for color in data.spec.palette for part in color]
    palette += [255] * (3 * 256 - len(palette))  # void is drawn white; maps of 16 bits have no colours
    stem = f"{PANELS}/{number:02d}_{file_stem(image.name)}"
    target = read_target(data, image.index)
    maps = [member.label_maps.read(image.index) for member in chosen.members]
    pixels = read_image(data.source.root / data.pairs[image.index].image)
    files = {"image": f"{stem}_image.png", "truth": f"{stem}_truth.png", "predictions": [
        f"{stem}_{position}.png" for position, _ in enumerate(maps, 1)
    ]}  # fmt: skip
    with replacing(folder / str(files["image"])) as temporary:
        Image.fromarray(pixels).save(temporary, format="PNG")
    for file, labels in zip((files["truth"], *files["predictions"]), (target, *maps), strict=True):
        with replacing(folder / str(file)) as temporary:
            temporary.write_bytes(encode_map(labels, palette))
    share, void = chosen.choice.min_share, void_of(data.spec.num_classes)
    regions = [error_regions(labels, target, void=void, min_share=share).to_dict() for labels in maps]
    return asdict(image) | {"files": files, "regions": regions}
