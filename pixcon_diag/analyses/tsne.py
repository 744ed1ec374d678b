"""t-SNE of the same pixels under each checkpoint, with their separability in feature space and their predictions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

from pixcon_diag.analyses.feature_notes import feature_notes
from pixcon_diag.analyses.measured import identity
from pixcon_diag.analyses.sampled_maps import SampledMaps, sampled_maps
from pixcon_diag.cache.derived import derived
from pixcon_diag.groups.bars import Bar, no_bar
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.projection import PERPLEXITY, Projection, ProjectionResult, project
from pixcon_diag.passes.forms import formed
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.cores import usable_cores

FORMAT = 1
"""To be raised when the same samples and options give different maps."""
FITTED_BY = ("openTSNE", "scikit-learn", "numpy")
"""Packages of which another version may give other maps."""
MAP_NOTE = "A map shows clusters and neighbourhoods; distances between clusters mean nothing."


def tsne_result(
    measured: Sequence[tuple[str, MeasuredPass]],
    *,
    aligned: bool = False,
    seed: int = 0,
    perplexity: float = PERPLEXITY,
    jobs: int = 1,
    bar: Bar = no_bar,
) -> Result:
    """Maps of the sampled pixels, one for each (name, checkpoint), with the classes of the first.

    The maps are cached with the first one's pass.

    Raises:
        ConfigError: a pass has no features, too few pixels, or other pixels than the first.
        DataError: a label map or confidence map is missing or damaged.
    """
    samples = {name: member.sample() for name, member in measured}
    key = {
        "format": FORMAT,
        "samples": [sample.digest() for sample in samples.values()],
        "options": {"aligned": aligned, "seed": seed, "perplexity": perplexity},
        "versions": {package: version(package) for package in FITTED_BY},
    }
    first = next(iter(samples.values()))
    forms = {
        "positions": f"real {len(samples)} {len(first.labels)} 2",
        "divergences": f"real {len(samples)}",
        "separability": f"real {len(samples)} {4 + first.num_classes}",
    }
    keep = partial(derived, measured[0][1].folder, "tsne", key, read=partial(formed, forms=forms))
    with bar("fitting t-SNE") as progress:
        result = project(
            samples, aligned=aligned, seed=seed, perplexity=perplexity, jobs=jobs, keep=keep, progress=progress
        )
    maps = {}
    for name, member in measured:
        with bar(f"reading the maps of {name}") as progress:
            maps[name] = sampled_maps(member, result.pixels, progress)
    spec = measured[0][1].data.spec
    return Result.of(
        "tsne",
        [separability_table(result, measured)],
        [positions_table(result, spec.classes, maps)],
        classes=spec.classes,
        palette=spec.palette,
        projection=result.to_dict(),
        predicted={name: found.predicted for name, found in maps.items()},
        confidence={name: found.confidence for name, found in maps.items()},
        provenance={name: asdict(member.provenance) for name, member in measured},
    )


class _Map(NamedTuple):
    """A checkpoint's map of the sampled pixels."""

    projection: Projection
    member: MeasuredPass


class _Pixel(NamedTuple):
    """A pixel on a map."""

    name: str
    image: str
    row: int
    column: int
    label: str
    x: float
    y: float
    predicted: str | None
    confidence: float | None


def separability_table(result: ProjectionResult, measured: Sequence[tuple[str, MeasuredPass]]) -> Table:
    """Neighbour purity and silhouette in feature space."""
    fit = "the other maps start from the positions of the first" if result.aligned else "independent fits"
    neighbours = result.projections[0].separability.neighbours
    return Table.of(
        "tsne",
        "Separability of sampled pixels",
        [_Map(projection, member) for projection, (_, member) in zip(result.projections, measured, strict=True)],
        (
            Column("name", "checkpoint", of=lambda r: r.projection.name),
            Column("pixels", "pixels", "count", of=lambda _: len(result.labels)),
            Column("purity", f"{neighbours}-NN purity", "number", of=lambda r: r.projection.separability.purity),
            Column("chance", "by chance", "number", of=lambda r: r.projection.separability.chance),
            Column("silhouette", "silhouette", "number", of=lambda r: r.projection.separability.silhouette),
            Column("kl_divergence", "KL of the map", "number", of=lambda r: r.projection.kl_divergence),
        ),
        [
            f"In feature space, by cosine; the same pixels for all, at most {result.per_class} a class; {fit}. "
            + MAP_NOTE,
            *feature_notes((name, member.provenance) for name, member in measured),
        ],
        lambda r: identity(r.member),
    )


def positions_table(result: ProjectionResult, classes: Sequence[str], maps: Mapping[str, SampledMaps]) -> Table:
    """Position of every pixel on every map, with what its checkpoint predicts there."""
    return Table.of(
        "tsne_positions",
        "Positions",
        [pixel for projection in result.projections for pixel in _pixels(result, projection, classes, maps)],
        (
            Column("name", "name"),
            Column("image", "image"),
            Column("row", "row"),
            Column("column", "column"),
            Column("class", "class", of=lambda r: r.label),
            Column("x", "x", "number"),
            Column("y", "y", "number"),
            Column("predicted", "predicted class"),
            Column("confidence", "confidence at least", "number"),
        ),
    )


def _pixels(
    result: ProjectionResult, projection: Projection, classes: Sequence[str], maps: Mapping[str, SampledMaps]
) -> Iterator[_Pixel]:
    unknown = (None,) * len(result.labels)
    found = maps[projection.name]
    for pixel, label, position, predicted, confidence in zip(
        result.pixels, result.labels, projection.positions, found.predicted or unknown, found.confidence or unknown,
        strict=True,
    ):  # fmt: skip
        shown = None if predicted is None else classes[predicted]
        yield _Pixel(projection.name, *pixel, classes[label], *position, shown, confidence)


def result_of(
    methods: Methods,
    *,
    aligned: bool = False,
    per_class: int = MeasureOptions.per_class,
    perplexity: float = PERPLEXITY,
) -> Result:
    """t-SNE of the first seed of each method."""
    first: dict[str, MeasuredPass] = {}
    for member, measured in methods.network_passes(per_class=per_class):
        first.setdefault(member.group, measured)
    return tsne_result(
        [*first.items()],
        aligned=aligned,
        seed=methods.options.seed,
        perplexity=perplexity,
        jobs=usable_cores(),
        bar=methods.bar,
    )
