"""``python -m pixcon_diag``: the same as ``pixcon-diag``."""

from pixcon_cli.diag import main

main(prog_name="pixcon-diag")
