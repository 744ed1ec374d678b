"""Names of classes, files, data sets, runs and checkpoints through every writer: each shows them as text."""

import csv
import io
import json
import re
from functools import partial
from html.parser import HTMLParser

from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from rich.markdown import Markdown

from pixcon_diag.reporting.page.page import render
from pixcon_diag.reporting.page.section import Section
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.sheets.page import Sheet
from pixcon_diag.sheets.page import render as sheet_html
from pixcon_diag.tables.file_names import file_part
from pixcon_diag.tables.html import to_html
from pixcon_diag.tables.latex import _LATEX, latex_name, to_latex
from pixcon_diag.tables.markdown import to_markdown
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_diag.tables.text import to_text
from pixcon_diag.tables.writing import to_csv
from pixcon_figures.fonts import drawable, fallback_fonts
from pixcon_figures.saved import legend_name, shorten, wrap
from pixcon_figures.style import footnote, new_figure, style
from pixcon_train.core.files import file_stem, to_json
from pixcon_train.core.foreign_text import is_hidden, shown_line, shown_message
from tests.cli.printed import printed

FRAGMENTS = (
    *("\x1b[2J", "\x1b]0;t\x07", "\x9b31m", "\x00", "\x7f", "\r", "\n", "\t", "\x85", "\u2028", "\u200b", "\u202e"),
    *("\u2066", "\u200d", "\ufeff", "\U000e0041", "\udcff", "\ud800", "=1+1", "=cmd|'/c'!A0", "+1", "-1", "-a", "@A1"),
    *("'", '"', ",", "![x](http://y)", "[x]: http://y", "**", "__", "`", "~~", "|", "<b>", "&lt;", "&#0;", "# ", "1. "),
    *("- ", "> ", "www.y.z", "</script>", "<img src=x onerror=alert(1)>", "]]>", "{{ 7 * 7 }}", "{% raw %}", "<!--"),
    *("\\", "\\input{x}", "\\write18{x}", "$", "$x^{$", "\\$", "$$", "_", "^", "{", "}", "%", "&", "#", "~", "\\frac"),
    *("/", "..", ":100:", "[red]", "道路", "ρ_F", "é", "e\u0301", "👩\u200d🚀", "می\u200cخواهم", " ", "w" * 300),
)  # fmt: skip
NAMES = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.characters()), min_size=1, max_size=6).map("".join)

COLUMNS = (
    Column[tuple[str, float]]("name", "checkpoint", of=lambda row: row[0]),
    Column("rho_f", "ρ_F", "number", of=lambda row: row[1]),
)
MACROS = {found for text in _LATEX.values() for found in re.findall(r"\\[A-Za-z]+", text)}
OWN = {rf"\{name}" for name in ("ifdefined", "Umathchar", "else", "fi", "rho", "lambda", "mathrm")}


def table(name: str) -> Table:
    """A table with the name wherever a table has text."""
    columns = (COLUMNS[0], Column[tuple[str, float]]("rho_f", name, "number", over=name, of=lambda row: row[1]))
    return Table.of("t", name, [(name, 0.5), ("other", 0.25)], columns, (name,))


@settings(max_examples=60, deadline=None)
@given(NAMES)
@example("=HYPERLINK(1)")
@example("\\$")
@example("a\u2028b")
@example("ρ_F")
def test_every_writer_shows_a_name_as_text(name: str) -> None:
    for write in (in_a_terminal, in_csv, in_markdown, in_html, in_latex, in_json, in_file_names):
        write(name)


def in_a_terminal(name: str) -> None:
    for text in (printed([table(name)], 80), to_text(table(name)), repr(Result.of("t", [table(name)]))):
        # A narrow column may be parted at a joiner, which is no part of a word at the start of a line.
        assert not is_hidden(re.sub("[\u200c\u200d]", "", text))
    message = shown_message(f"No file at {name}.")
    assert not is_hidden(message) and all(line.startswith("  ") for line in message.split("\n")[1:])


def in_csv(name: str) -> None:
    text = to_csv([{"name": name, name: -0.5}])
    head, row = csv.reader(io.StringIO(text, newline=""))
    for cell in (*head, row[0]):
        assert not is_hidden(cell) and (not re.match("[=+@\t\r\n-]", cell) or float(cell) is not None)
    assert float(row[-1]) == -0.5 or name == "name"


def in_markdown(name: str) -> None:
    text = to_markdown(table(name))
    tokens = Markdown(text).parsed
    assert not is_hidden(text)
    assert [token.type for token in tokens if token.type.endswith("_open")] == [
        *("paragraph_open", "table_open", "thead_open", "tr_open", "th_open", "th_open", "tbody_open"),
        *("tr_open", "td_open", "td_open") * 2,
        "paragraph_open",
    ]
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "strong_open", "strong_close", "text_special"}
    cells = ["".join(child.content for child in token.children or ()) for token in tokens if token.type == "inline"]
    assert (cells[3], cells[-1]) == (shown_line(name).strip(), shown_line(name).strip())


class _Tags(HTMLParser):
    """The tags and attributes of HTML, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def in_html(name: str) -> None:
    for write in (to_html, partial(table_html, row_keys=(name, "x"))):
        found, usual = _Tags(write(table(name))), _Tags(write(table("a")))
        marked = found.tags == {*usual.tags, "span"} and found.attributes == {*usual.attributes, "data-term"}
        assert marked or (found.tags, found.attributes) == (usual.tags, usual.attributes)  # a head may name a term
    assert shown_line(name) in _Tags(to_html(table(name))).text


@settings(max_examples=10, deadline=None)
@given(NAMES)
@example("</script><img src=x onerror=alert(1)>\u202e")
def test_a_page_shows_a_name_as_text(name: str) -> None:
    section = Section("verdict", name, name, table_html(table(name)), data={name: [name]})
    for text, usual in (
        (render(name, [section], {name: table(name)}), render("a", [section], {})),
        (sheet_html(Sheet("a", name, name, [], False, name)), sheet_html(Sheet("a", "a", "a", [], False, "a"))),
    ):
        assert not is_hidden(text) and _Tags(text).tags == _Tags(usual).tags


def in_latex(name: str) -> None:
    text = to_latex(table(name)) + latex_name(name)
    plain = latex_name(name)
    assert not is_hidden(text) and "\n" not in plain
    assert set(re.findall(r"\\[A-Za-z]+", plain)) <= MACROS | OWN
    without = re.sub(r"\\[^A-Za-z]", "", plain)
    assert without.count("{") == without.count("}") and without.count("$") % 2 == 0
    assert not re.search("[%&#~^]", re.sub(r"\$[^$]*\$", "", without))


def in_json(name: str) -> None:
    text = to_json({name: [name]})
    assert json.loads(text) == {name: [name]} and not is_hidden(text)


def in_file_names(name: str) -> None:
    for part in (file_part(name), file_stem(f"images/{name}.png")):
        assert len(part.encode(errors="surrogatepass")) <= 200 and "/" not in part


@settings(max_examples=12, deadline=None)
@given(NAMES)
@example("$x^{$")
@example("w" * 31 + "$" + "w" * 90 + "$x^{$")
@example("_\\$\\frac$")
def test_no_name_is_a_formula_in_a_figure(name: str) -> None:
    fonts, lacking = fallback_fonts([name])
    plain = drawable(name, lacking)
    with style(None, fonts[:1]):
        figure = new_figure(3, 2)
        FigureCanvasAgg(figure)
        panel = figure.subplots()
        panel.plot([0, 1], [0, 1], label=legend_name(plain, 2))
        panel.set_title(wrap(plain, 8))
        panel.set_xticks([0], [shorten(plain, 7)])
        panel.set_ylabel(shorten(plain, 4))
        panel.legend()
        footnote(figure, plain)
        figure.draw_without_rendering()
