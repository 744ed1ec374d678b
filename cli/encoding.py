"""Output to a console or file in cp1252, Latin-1 or ASCII.

Characters outside the encoding are spelled in ASCII: ρ_F as rho_F, – as -, others as escapes.
"""

import codecs
import io
import sys
from typing import TextIO

SPELLING = "pixcon_spelling"
"""Name of the error handler."""

SPELLED = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "λ": "lambda", "μ": "mu",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "Δ": "Delta", "Σ": "Sum", "∂": "d", "ŷ": "y_hat", "‖": "||",
    "≥": ">=", "≤": "<=", "≈": "~", "∞": "inf", "√": "sqrt", "∈": "in", "±": "+-", "×": "x", "·": "*", "²": "^2",
    "°": " deg", "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "↑": "^", "↓": "v", "…": "...", "\u0304": "_bar",
}  # fmt: skip


def spell(text: str) -> str:
    """``text`` in ASCII."""
    return "".join(character if character.isascii() else _spelled(character) for character in text)


def printable(text: str, stream: TextIO | None = None) -> str:
    """``text`` as ``stream`` (standard output) shows it, whose width decides the layout."""
    encoding = (stream or sys.stdout).encoding or "utf-8"
    return text.encode(encoding, SPELLING).decode(encoding)


def spell_unencodable() -> None:
    """Make standard output and error spell characters outside their encoding instead of raising UnicodeEncodeError."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SPELLING)


def _spelled(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # an undecodable byte of a file name
        return f"\\x{ord(character) - 0xDC00:02x}"
    return SPELLED.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


def _spell_error(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return spell(error.object[error.start : error.end]), error.end


codecs.register_error(SPELLING, _spell_error)
