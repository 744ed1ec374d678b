"""Pages of the site whose source lies in the repository's root, where GitHub looks for it, and cleaning of docstrings.

A link between these files and those in ``docs`` is rewritten to where its target is in the site.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]

PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "examples/README.md": "examples.md",
}
"""File in the root, and its page."""

NO_PAGE = r"LICENSE|CITATION\.cff|[\w/]+\.(?:py|ipynb)"
"""Files that are no page of the site: only the words of a link to them remain."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_links_rewritten(text)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Rewrite links from a page in ``docs`` to a file in the root."""
    return _links_rewritten(markdown.replace("](../", "]("))


def on_page_content(html: str, **_: object) -> str:
    """Drop the roles of cross-references in docstrings (``:func:``), which Markdown does not know."""
    return re.sub(r":(?:func|class|mod|meth|attr):(?=<code>)", "", html)


def _links_rewritten(text: str) -> str:
    text = re.sub(r"\]\(docs/", "](", text)
    for source, page in PAGES.items():
        text = text.replace(f"]({source}", f"]({page}")
    return re.sub(rf"\[([^]]*)\]\((?:{NO_PAGE})\)", r"\1", text)
