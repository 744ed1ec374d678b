"""`pixcon-diag convert-masks`."""

from pathlib import Path

import click

from pixcon_cli.console import progress
from pixcon_cli.help import PixConCommand


@click.command(
    "convert-masks",
    cls=PixConCommand,
    short_help="Masks of colours as masks of labels.",
    examples=(
        "pixcon-diag convert-masks masks_rgb masks --dataset crops.yaml",
        "pixcon-diag convert-masks masks255 masks --map 255=1",
        "pixcon-diag convert-masks saved_by_mmseg predictions --shift -1",
    ),
)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--dataset", metavar="NAME", help="Data set, or its YAML file, whose palette says what colours mean.")
@click.option("--void-color", "void_colors", multiple=True, metavar="R,G,B", help="Colour of void; repeatable.")
@click.option(
    "--tolerance",
    type=click.IntRange(0, 255),
    default=0,
    show_default=True,
    help="Take the nearest class's colour up to N steps away in each channel.",
)
@click.option("--map", "changes", multiple=True, metavar="OLD=NEW", help="Change a label; repeatable.")
@click.option("--shift", type=click.IntRange(-255, 255), help="Add N to labels; 255, and what falls below 0, is 255.")
def convert_masks(
    source: Path,
    target: Path,
    dataset: str | None,
    void_colors: tuple[str, ...],
    tolerance: int,
    changes: tuple[str, ...],
    shift: int | None,
) -> None:
    """Write every mask of the folder IN as a PNG of labels to the same place in OUT.

    With --dataset the colours of its palette become labels, exactly; masks with another colour are named and not
    written. With --map or --shift the masks hold labels, which are changed. Nothing in IN changes. Masks that OUT has
    already from the same conversion are left; for another one give another OUT.
    """
    from pixcon_diag.data import mask_conversion as conversion
    from pixcon_train.core.errors import ConfigError
    from pixcon_train.data.specs import get_spec, voc_palette

    if (dataset is None) == (not changes and shift is None):
        raise ConfigError("Give --dataset to convert colours, or --map or --shift to change labels.")
    if dataset is not None:
        spec = get_spec(dataset)
        convert = conversion.by_color(spec, conversion.parse_colors(void_colors), tolerance)
        palette = conversion.stored_palette(spec)
        how = conversion.color_conversion(spec, conversion.parse_colors(void_colors), tolerance)
    else:
        convert = conversion.by_value(conversion.parse_changes(changes), shift or 0)
        palette = voc_palette(256)
        how = conversion.value_conversion(conversion.parse_changes(changes), shift or 0)
    with progress("converting") as bar:
        made = conversion.convert_folder(source, target, convert, palette, how, bar)
    there = f"; {made.there:,} were there already" if made.there else ""
    click.echo(f"Masks written to {target}: {made.converted:,}{there}.")
    made.raise_for_colors(dataset or "")
