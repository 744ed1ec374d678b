"""The nearest known name, for messages about an unknown one."""

from collections.abc import Iterable
from difflib import get_close_matches


def hint(name: str, known: Iterable[str]) -> str:
    """' (did you mean …?)' with the known name nearest to ``name``, comparing last parts too; '' if none is near."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    if not near:
        last = name.rsplit(".", 1)[-1]
        tails = {item.rsplit(".", 1)[-1]: item for item in reversed(names)}
        near = [tails[match] for match in get_close_matches(last, list(tails), n=1)]
    return f" (did you mean '{near[0]}'?)" if near else ""
