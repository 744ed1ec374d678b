"""Options of `pixcon-diag boundary`."""

from pixcon_cli.measurement_options import AUDIT, band_options

OPTIONS = (AUDIT, band_options)
EXAMPLES = (
    "pixcon-diag boundary none=runs/a,runs/b clean=runs/c,runs/d",
    "pixcon-diag boundary runs/a --width 2 --predictions mine=out/val",
)
DETAILS = """The band of width w holds the valid pixels with a different label within w pixels. Works from label maps,
so that other widths need no further pass, and --predictions measures what any framework saved."""
