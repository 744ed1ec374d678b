"""Options of `pixcon-diag coverage`."""

from pixcon_cli.measurement_options import bank_options

OPTIONS = (bank_options,)
EXAMPLES = (
    "pixcon-diag coverage runs/a --rule clean --rule confidence",
    "pixcon-diag coverage best.pth --dataset pascal --data-root /data/VOC2012 --bank-list labeled.txt",
)
DETAILS = """The admission rule is replayed over the labeled list, or over the list that --list names. For a training
checkpoint, also its stored bank: fill, and drift of the network since."""
DEFAULTS = {"bank_list": "list_path"}
