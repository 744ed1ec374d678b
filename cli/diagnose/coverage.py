"""Options of `pixcon-diag coverage`."""

import click

from pixcon_cli.measurement_options import bank_options

OPTIONS = (
    bank_options,
    click.option(
        "--gradient",
        is_flag=True,
        help="Measure the share of g_F at the bank's contamination, with a pass over the validation list.",
    ),
)
EXAMPLES = (
    "pixcon-diag coverage runs/a --rule clean --rule confidence",
    "pixcon-diag coverage best.pth --dataset pascal --data-root /data/VOC2012 --bank-list labeled.txt",
)
DETAILS = """The admission rule is replayed over the labeled list, or over the list that --list names. The
contamination of the bank that it would fill is that of a class-balanced bank, with an interval over images. For a
training checkpoint, also its stored bank: fill, and drift of the network since."""
DEFAULTS = {"bank_list": "list_path"}
