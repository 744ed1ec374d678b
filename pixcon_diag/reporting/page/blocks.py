"""Data within the page: blocks that no browser runs, and that no foreign text can end."""

import base64
import gzip
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pixcon_train.core.files import to_json

_BLOCK = Markup('<script type="text/plain" id="{}">{}</script>')


def data_block(name: str, content: Any) -> Markup:
    """Anything that JSON holds, compressed: an undefined number is ``null``."""
    packed = gzip.compress(to_json(content, indent=None, ascii_only=True).encode(), compresslevel=9, mtime=0)
    return _BLOCK.format(name, base64.b64encode(packed).decode())


def file_block(name: str, parts: Mapping[str, bytes]) -> Markup:
    """Files that are compressed already, each by its key: one line ``key base64`` per file."""
    lines = (f"{key} {base64.b64encode(content).decode()}" for key, content in parts.items())
    return _BLOCK.format(name, "\n".join(lines))
