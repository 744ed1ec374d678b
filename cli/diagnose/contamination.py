"""Options of `pixcon-diag contamination`."""

from pixcon_cli.measurement_options import AUDIT, TAUS, band_options

OPTIONS = (TAUS, AUDIT, band_options)
EXAMPLES = (
    "pixcon-diag contamination runs/a",
    "pixcon-diag contamination umv2=best.pth --dataset pascal --data-root /data/VOC2012 --list val.txt",
)
DETAILS = """ρ_F is the teacher's error among the valid pixels with confidence >= τ. A checkpoint trained here names
its data; a public file needs --data-root."""
