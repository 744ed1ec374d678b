"""Output where not every character can be shown: a console or file in cp1252, Latin-1 or ASCII.

What the encoding lacks is spelled in ASCII: ρ_F as rho_F, – as -, a character of a name as its escape.
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
    """``text`` as ``stream`` (standard output) will show it, so that its width is known before it is laid out."""
    encoding = (stream or sys.stdout).encoding or "utf-8"
    return text.encode(encoding, SPELLING).decode(encoding)


def spell_what_is_missing() -> None:
    """Let standard output and error spell what their encoding lacks, where Python would raise UnicodeEncodeError."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SPELLING)


def _spelled(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte of a file name that is in no encoding
        return f"\\x{ord(character) - 0xDC00:02x}"
    return SPELLED.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


def _spell_error(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return spell(error.object[error.start : error.end]), error.end


codecs.register_error(SPELLING, _spell_error)
