"""Output to a console or file in cp1252, Latin-1 or ASCII.

Characters outside the encoding are spelled in ASCII: ρ_F as rho_F, – as -, others as escapes.
"""

import codecs
import sys
from typing import TextIO

from pixcon_train.core.foreign_text import shown_line

SPELLING = "pixcon_spelling"
"""Name of the error handler."""

SPELLED = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "λ": "lambda", "μ": "mu",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "Δ": "Delta", "Σ": "Sum", "∂": "d", "ŷ": "y_hat", "‖": "||",
    "≥": ">=", "≤": "<=", "≈": "~", "∞": "inf", "√": "sqrt", "∈": "in", "±": "+-", "×": "x", "·": "*", "²": "^2",
    "°": " deg", "−": "-", "–": "-", "—": "-", "→": "->", "←": "<-", "↑": "^", "↓": "v", "…": "...", "\u0304": "_bar",
    "⟨": "<", "⟩": ">",
}  # fmt: skip


def spell(text: str) -> str:
    """``text`` in ASCII."""
    return "".join(character if character.isascii() else _spelled(character) for character in text)


def spelled_for(stream: TextIO, text: str) -> str:
    """``text`` as ``stream`` writes it."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, SPELLING).decode(encoding)


def printable(text: str) -> str:
    """``text`` on one line as standard output shows it, whose width decides the layout."""
    return spelled_for(sys.stdout, shown_line(text))


def _spelled(character: str) -> str:
    return SPELLED.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")


def _spell_error(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return spell(error.object[error.start : error.end]), error.end


codecs.register_error(SPELLING, _spell_error)
