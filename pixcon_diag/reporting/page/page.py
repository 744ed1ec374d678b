"""The page: every section in one HTML file, with its data, style and scripts."""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module, resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from pixcon_diag.reporting.page import images
from pixcon_diag.reporting.page.blocks import data_block, file_block
from pixcon_diag.reporting.page.saved import Saved, table_list, table_texts, tables_of
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.reporting.page.terms import with_terms
from pixcon_train.core.files import write_text
from pixcon_train.core.foreign_text import shown, shown_data
from pixcon_train.core.version import VERSION

SECTIONS = (
    "verdict",
    "compared",
    "filter",
    "errors",
    "images",
    "classes",
    "boundary",
    "embedding",
    "bank",
    "differences",
    "further",
    "training",
    "downloads",
)
"""Modules of the sections, in order; each defines ``section(context) -> Section | None``."""
SCRIPTS = (
    "core.js",
    "terms.js",
    "tables.js",
    "filter.js",
    "errors.js",
    "maps.js",
    "viewer.js",
    "images.js",
    "classes.js",
    "embedding.js",
    "downloads.js",
    "start.js",
)
"""Scripts in the order in which they run."""
PAGE = "index.html"
MEGABYTE = 10**6
LIMIT, LARGE_LIMIT = 5 * MEGABYTE, 8 * MEGABYTE
"""Bytes of a page; the larger one from :data:`MANY_CLASSES` on, whose maps and tables are larger."""
MANY_CLASSES = 50
MOST_NAMES = 4
"""Most methods that the title names."""


def write_page(folder: Path, context: Context) -> Path:
    """Write the page of a study; return its path.

    Raises:
        PixConError: the folder cannot be written, or an image or map cannot be read.
    """
    write_text(folder / PAGE, _html(context, sections_of(context)))
    return folder / PAGE


def _html(context: Context, sections: Sequence[Section]) -> str:
    return render(title_of(context), sections, tables_of(context, sections))


def title_of(context: Context) -> str:
    """What the page is about: methods and images."""
    names = [group.name for group in context.measured] or [*context.methods.histories()]
    shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    if not context.measured:
        return f"{shown}: training logs"
    data = context.measured[0].members[0].provenance.data
    return f"{shown}: {data.images:,} images of {data.dataset}"


def sections_of(context: Context) -> list[Section]:
    """The sections that have something to show; the images take the room that the others leave."""
    modules = {name: import_module(f"pixcon_diag.reporting.page.{name}") for name in SECTIONS}
    attempt = context.methods.attempt
    made = {
        name: attempt(f"section {name} of the page", partial(module.section, context))
        for name, module in modules.items()
        if module is not images
    }
    others = [section for section in made.values() if section is not None]
    room = limit_of(context) - len(_html(context, others).encode())
    made["images"] = attempt("section images of the page", partial(images.section, context, room))
    return [section for name in SECTIONS if (section := made[name]) is not None]


def limit_of(context: Context) -> int:
    """Bytes that the page may have."""
    classes = max((len(group.members[0].data.spec.classes) for group in context.measured), default=0)
    return LARGE_LIMIT if classes >= MANY_CLASSES else LIMIT


def render(title: str, sections: Sequence[Section], tables: Mapping[str, Saved]) -> str:
    """The HTML of the page.

    Args:
        title: title of the page.
        sections: in order.
        tables: those that can be saved from the page, by name.
    """
    data = {section.name: section.data for section in sections if section.data is not None}
    blocks = [
        data_block("data", shown_data(data | {"tables": table_list(tables)})),
        data_block("tables", table_texts(tables)),  # which are saved and not shown
    ]
    blocks += [file_block(f"image-{key}", parts) for section in sections for key, parts in section.images.items()]
    page = _template().render(
        title=title,
        sections=sections,
        version=VERSION,
        blocks=Markup("\n").join(blocks),
        style=Markup(_text("style.css")),
        scripts=[Markup(_text(name)) for name in SCRIPTS],
        size=_SIZE,
    )
    page = shown(page)
    return page.replace(_SIZE, _size(page))


_SIZE = "@size-of-this-page@"


def _size(page: str) -> str:
    """The size of the page, of which its own text is a part."""
    return f"{len(page.encode()) / MEGABYTE:.2f} MB"


def _template() -> jinja2.Template:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True)
    environment.filters["with_terms"] = with_terms
    return environment.from_string(_text("index.html.j2"))


def _text(name: str) -> str:
    return (resources.files("pixcon_diag.reporting.page") / "assets" / name).read_text(encoding="utf-8")
