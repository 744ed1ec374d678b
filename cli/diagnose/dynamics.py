"""Options of `pixcon-diag dynamics`."""

from pixcon_cli.measurement_options import LOG, weights_option

OPTIONS = (weights_option("Network whose mIoU is compared; logs without an EMA column have the student's."),)
EXAMPLES = (
    "pixcon-diag dynamics runs/",
    "pixcon-diag dynamics umv2=exp/out.log none=runs/a,runs/b --out curves",
)
DETAILS = LOG
