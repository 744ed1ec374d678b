"""Names in a sentence."""

from collections.abc import Iterable

MOST = 40
"""Names that a sentence lists; tables and JSON hold all of them."""


def name_list(names: Iterable[str]) -> str:
    """Names separated by commas, of more than :data:`MOST` the first ones and the number of the others.

    Example:
        >>> name_list(["sky", "cow"])
        'sky, cow'
    """
    listed = list(names)
    more = f" and {len(listed) - MOST:,} more" if len(listed) > MOST else ""
    return ", ".join(listed[:MOST]) + more
