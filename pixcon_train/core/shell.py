"""Commands as lines for a shell."""

import shlex
from collections.abc import Iterable

from pixcon_train.core.foreign_text import is_hidden


def quoted_line(words: Iterable[str]) -> str:
    """A command for a POSIX shell."""
    return " ".join(map(quoted, words))


def folded_line(words: Iterable[str], width: int) -> str:
    """The same in lines of at most ``width`` characters, where words allow it; all but the last end in a backslash."""
    first, *others = map(quoted, words)
    lines = [first]
    for word in others:
        if len(lines[-1]) + len(word) + len("  \\") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"  {word}")
    return " \\\n".join(lines)


def quoted(word: str) -> str:
    """A word for a POSIX shell; with characters that are not seen, as bash's ``$'…'`` with the bytes of these."""
    if not any(map(_unseen, word)):
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _unseen(character: str) -> bool:
    return is_hidden(character) or character in "\t\n"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if not _unseen(character):
        return character
    # A byte of a file name that is not UTF-8 is a surrogate from U+DC80; others stand for no bytes.
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", errors))
