"""Options of `pixcon-diag dynamics`."""

import click

from pixcon_cli.measurement_options import LOG, weights_option

OPTIONS = (
    weights_option("Network whose mIoU is compared."),
    click.option("--measure-kept", is_flag=True, help="Also measure ρ_F of the teachers that the runs kept."),
)
EXAMPLES = (
    "pixcon-diag dynamics runs/",
    "pixcon-diag dynamics runs/a --measure-kept",
    "pixcon-diag dynamics umv2=exp/out.log none=runs/a,runs/b --out curves",
)
DETAILS = LOG
