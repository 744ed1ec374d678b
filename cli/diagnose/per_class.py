"""Options of `pixcon-diag per-class`."""

from pixcon_cli.measurement_options import AUDIT

OPTIONS = (AUDIT,)
EXAMPLES = (
    "pixcon-diag per-class none=runs/a,runs/b clean=runs/c,runs/d",
    "pixcon-diag per-class runs/a --predictions mine=out/val",
)
