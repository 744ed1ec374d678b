"""Options of `pixcon-diag tsne`."""

import click

from pixcon_cli.measurement_options import seed_option

OPTIONS = (
    click.option(
        "--aligned", is_flag=True, help="Start each later map from the first one's, so that positions compare."
    ),
    click.option(
        "--per-class",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="Pixels of each class; another number needs a new pass.",
    ),
    click.option("--perplexity", type=click.FloatRange(min=1), default=30.0, show_default=True, help="Of t-SNE."),
    seed_option("t-SNE"),
)
EXAMPLES = ("pixcon-diag tsne none=runs/a clean=runs/b --aligned --out maps",)
DETAILS = """With neighbour purity and silhouette. Of a group of seeds the first one is taken."""
