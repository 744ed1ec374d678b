"""`pixcon-diag convert-masks`."""

from pathlib import Path

import click

from pixcon_cli.console import output, progress, say
from pixcon_cli.help import PixConCommand


@click.command(
    "convert-masks",
    cls=PixConCommand,
    short_help="Convert colour masks to label masks.",
    examples=(
        "pixcon-diag convert-masks masks_rgb masks --dataset crops.yaml",
        "pixcon-diag convert-masks masks255 masks --map 255=1",
        "pixcon-diag convert-masks saved_by_mmseg predictions --shift -1",
    ),
)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--dataset", metavar="NAME", help="Data set, or its YAML file, with the palette.")
@click.option("--void-color", "void_colors", multiple=True, metavar="R,G,B", help="Colour of void; repeatable.")
@click.option(
    "--tolerance",
    type=click.IntRange(0, 255),
    default=0,
    show_default=True,
    help="Accept the nearest class colour within N steps in each channel.",
)
@click.option("--map", "changes", multiple=True, metavar="OLD=NEW", help="Change a label; repeatable.")
@click.option("--wide", is_flag=True, help="For --map and --shift: masks of 16 bits, with 65535 in place of 255.")
@click.option("--shift", type=click.IntRange(-255, 255), help="Add N to labels; 255 and results below 0 become 255.")
def convert_masks(
    source: Path,
    target: Path,
    dataset: str | None,
    void_colors: tuple[str, ...],
    tolerance: int,
    changes: tuple[str, ...],
    wide: bool,
    shift: int | None,
) -> None:
    """Write every mask of the folder IN as a PNG of labels to the same path in OUT.

    With --dataset the exact colours of its palette become labels; masks with another colour are reported and not
    written. With --map or --shift the masks hold labels, which are changed. IN is unchanged. Masks already in OUT from
    the same conversion are kept; use another OUT for another conversion.
    """
    from pixcon_diag.data import mask_conversion as conversion
    from pixcon_train.core.errors import ConfigError
    from pixcon_train.core.void import VOID, WIDE_VOID
    from pixcon_train.data.specs import get_spec, voc_palette

    if (dataset is None) == (not changes and shift is None):
        raise ConfigError("Give --dataset to convert colours, or --map or --shift to change labels.")
    if dataset is not None and wide:
        raise ConfigError("--wide is for --map and --shift: with --dataset the number of classes decides.")
    if dataset is not None:
        spec = get_spec(dataset)
        convert = conversion.by_color(spec, conversion.parse_colors(void_colors), tolerance)
        palette = conversion.stored_palette(spec)
        description = conversion.color_conversion(spec, conversion.parse_colors(void_colors), tolerance)
    else:
        void = WIDE_VOID if wide else VOID
        parsed = conversion.parse_changes(changes, void=void)
        convert = conversion.by_value(parsed, shift or 0, void=void)
        palette = voc_palette(256)
        description = conversion.value_conversion(parsed, shift or 0, void=void)
    with progress("converting") as bar:
        result = conversion.convert_folder(source, target, convert, palette, description, bar)
    existing = f"; {result.unchanged:,} existed already" if result.unchanged else ""
    say(output(), f"Masks written to {target}: {result.converted:,}{existing}.")
    result.raise_for_colors(dataset or "")
