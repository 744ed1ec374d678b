"""The nearest known name, for messages about an unknown one."""

from collections.abc import Iterable
from difflib import get_close_matches


def hint(name: str, known: Iterable[str]) -> str:
    """' (did you mean …?)' with the known name nearest to ``name``; '' if none is near.

    Names with the same last part, as of another section, come first; then whole names, then last parts alone.
    """
    names, last = list(known), name.rsplit(".", 1)[-1]
    same = [item for item in names if "." in item and item.rsplit(".", 1)[-1] == last]
    near = get_close_matches(name, same, n=1, cutoff=0) or get_close_matches(name, names, n=1)
    if not near:
        tails = {item.rsplit(".", 1)[-1]: item for item in reversed(names)}
        near = [tails[match] for match in get_close_matches(last, list(tails), n=1)]
    return f" (did you mean '{near[0]}'?)" if near else ""
