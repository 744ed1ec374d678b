"""Terms have one definition, on the page and in the docs, and texts that mention one lead to it."""

import re
from pathlib import Path

import pytest

from pixcon_diag.reporting.page.terms import TERMS, term, with_terms

GLOSSARY = Path(__file__).parents[4] / "docs/glossary.md"


def test_the_docs_give_the_same_definitions_in_the_same_order() -> None:
    sections = re.findall(r"^## ([^\n]+)\n\n(.+?)\n\n", GLOSSARY.read_text(encoding="utf-8"), re.S | re.M)
    assert [(title, " ".join(text.split())) for title, text in sections] == [
        (known.title, known.definition) for known in TERMS
    ]


def test_no_name_means_two_terms() -> None:
    names = [name.lower() for known in TERMS for name in known.names]
    assert len(set(names)) == len(names) and len({known.key for known in TERMS}) == len(TERMS)


def test_the_first_mention_of_each_term_leads_to_the_glossary() -> None:
    html = with_terms("Banks at τ, and the bank's macro ρ_F & ρ_F")
    assert html == (
        '<a class=term data-term="bank" href="#term-bank">Banks</a> at '
        '<a class=term data-term="tau" href="#term-tau">τ</a>, and the bank&#39;s '
        '<a class=term data-term="macro" href="#term-macro">macro ρ_F</a> &amp; '
        '<a class=term data-term="rho" href="#term-rho">ρ_F</a>'
    )


@pytest.mark.parametrize("text", ["", "EMA-free banking of a marginal rule_x", "<b>&"])
def test_parts_of_words_are_no_terms_and_text_is_escaped(text: str) -> None:
    assert with_terms(text) == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_within_a_button_a_mention_is_no_link() -> None:
    assert with_terms("Δ mIoU %", links=False) == (
        '<span class=term data-term="delta">Δ</span> <span class=term data-term="miou">mIoU</span> %'
    )


def test_a_section_can_mention_a_term_by_its_name() -> None:
    assert term("Retention") == '<a class=term data-term="retention" href="#term-retention">Retention</a>'
    with pytest.raises(KeyError, match="nothing"):
        term("nothing")
