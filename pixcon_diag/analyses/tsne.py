"""t-SNE of the same pixels under each checkpoint, with the numbers that stand beside the picture."""

from collections.abc import Sequence
from dataclasses import asdict

from pixcon_diag.analyses.measured import identity
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.projection import PERPLEXITY, ProjectionResult, project
from pixcon_diag.passes.measured import MeasuredPass
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import AnyColumn, Column, Table
from pixcon_train.core.progress import Progress, silent

PICTURE = "A map shows clusters and neighbourhoods; distances between clusters mean nothing."


def tsne_section(
    measured: Sequence[tuple[str, MeasuredPass]],
    *,
    aligned: bool = False,
    seed: int = 0,
    perplexity: float = PERPLEXITY,
    jobs: int = 1,
    progress: Progress = silent,
) -> Section:
    """Maps of the sampled pixels, one for each (name, checkpoint); the classes are the first one's.

    Raises:
        ConfigError: no features, too few pixels, or different pixels.
    """
    samples = {name: each.sample() for name, each in measured}
    result = project(samples, aligned=aligned, seed=seed, perplexity=perplexity, jobs=jobs, progress=progress)
    spec = measured[0][1].data.spec
    return section(
        "tsne",
        [separability_table(result, measured)],
        [positions_table(result, spec.classes)],
        classes=spec.classes,
        palette=spec.palette,
        projection=result.to_dict(),
        provenance={name: asdict(each.provenance) for name, each in measured},
    )


def separability_table(result: ProjectionResult, measured: Sequence[tuple[str, MeasuredPass]]) -> Table:
    """Neighbour purity and silhouette in feature space."""
    fit = "the first map's positions are where the others start" if result.aligned else "independent fits"
    rows = [
        (
            p.name,
            len(result.labels),
            p.separability.purity,
            p.separability.chance,
            p.separability.silhouette,
            p.kl_divergence,
        )
        for p in result.projections
    ]
    neighbours = result.projections[0].separability.neighbours
    return Table(
        "tsne",
        "Separability of sampled pixels",
        (
            Column("name", "checkpoint"),
            Column("pixels", "pixels", "count"),
            Column("purity", f"{neighbours}-NN purity", "number"),
            Column("chance", "by chance", "number"),
            Column("silhouette", "silhouette", "number"),
            Column("kl_divergence", "KL of the map", "number"),
        ),
        tuple(rows),
        (
            f"In feature space, by cosine; the same pixels for all, at most {result.per_class} a class; {fit}. "
            + PICTURE,
        ),
        tuple(identity(each) for _, each in measured),
    )


def positions_table(result: ProjectionResult, classes: Sequence[str]) -> Table:
    """Where every pixel lies on every map."""
    rows = [
        (p.name, *pixel, classes[label], *position)
        for p in result.projections
        for pixel, label, position in zip(result.pixels, result.labels, p.positions, strict=True)
    ]
    keys = ("name", "image", "row", "column", "class")
    numbers: tuple[AnyColumn, ...] = (Column("x", "x", "number"), Column("y", "y", "number"))
    return Table("tsne_positions", "Positions", (*(Column(key, key) for key in keys), *numbers), tuple(rows))


def section_of(
    methods: Methods,
    *,
    aligned: bool = False,
    per_class: int = MeasureOptions.per_class,
    perplexity: float = PERPLEXITY,
) -> Section:
    """t-SNE of the first seed of each method."""
    first: dict[str, MeasuredPass] = {}
    for member, measured in methods.passes(per_class=per_class):
        first.setdefault(member.group, measured)
    with methods.bar("fitting t-SNE") as progress:
        return tsne_section(
            [*first.items()],
            aligned=aligned,
            seed=methods.options.seed,
            perplexity=perplexity,
            jobs=-1,
            progress=progress,
        )
