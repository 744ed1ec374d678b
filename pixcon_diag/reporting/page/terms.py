"""Terms of the page, their definitions, and where a text mentions one; docs/glossary.md explains the same terms."""

import re
from typing import NamedTuple

from markupsafe import Markup, escape


class Term(NamedTuple):
    """A term."""

    key: str
    """Part of its anchor in the page."""
    title: str
    """Its heading in the glossary."""
    definition: str
    names: tuple[str, ...]
    """How texts call it; singular and lower case, unless it is a name."""


TERMS = (
    Term(
        "tau",
        "τ – the confidence threshold",
        "A pixel is retained where its confidence c, the largest of its class probabilities, is at least τ.",
        ("τ", "confidence threshold"),
    ),
    Term(
        "retention",
        "Retention",
        "The fraction of valid pixels that a threshold retains, in [0, 1].",
        ("retention", "retained"),
    ),
    Term(
        "rho",
        "ρ_F – contamination",
        "The fraction of retained pixels whose predicted class is wrong, in [0, 1]; also the fraction of false "
        "positives in a bank that is filled by the same rule.",
        ("ρ_F", "contamination"),
    ),
    Term(
        "macro",
        "Macro",
        "The unweighted mean over classes, next to the overall value, which weights every pixel equally; macro ρ_F is "
        "the mean over the predicted classes of which pixels are retained.",
        ("macro ρ_F", "macro"),
    ),
    Term("kept", "π_kept – retained accuracy", "The accuracy of the retained pixels, 1 − ρ_F.", ("π_kept",)),
    Term(
        "verdict",
        "Verdict on the filter",
        "Whether to keep the confidence filter: strict, keep it, where the interval of π_kept lies at or above τ; "
        "floor, lower the threshold, where it lies below; undecided where it contains τ; none with too few images.",
        ("verdict on the filter", "verdict"),
    ),
    Term(
        "compactness",
        "Compactness",
        "The mean cosine of the pixels of a class to the class centroid in feature space, in [0, 1]; higher is "
        "tighter.",
        ("compactness", "compact"),
    ),
    Term(
        "inter",
        "Inter-class cosine",
        "The cosine of the centroids of two classes, in [−1, 1]; lower is better separated.",
        ("inter-class cosine", "mean inter", "max inter"),
    ),
    Term(
        "margin",
        "Margin",
        "Compactness minus the mean inter-class cosine; higher is better separated.",
        ("margin",),
    ),
    Term(
        "cdnv",
        "CDNV – class-distance normalized variance",
        "How far two classes spread in feature space, relative to the distance between them; at least 0, and smaller "
        "is better separated.",
        ("CDNV",),
    ),
    Term(
        "purity",
        "Neighbour purity and silhouette",
        "How separable the sampled pixels are in feature space: purity is the mean share of a pixel's k nearest "
        "neighbours that have its class; the silhouette, in [−1, 1], compares its distances to its own class and to "
        "the nearest other one.",
        ("NN purity", "purity", "silhouette"),
    ),
    Term(
        "teacher",
        "EMA teacher",
        "The network that produces pseudo-labels: an exponential moving average of the weights of the student, the "
        "network that is trained.",
        ("EMA teacher", "teacher", "EMA", "student"),
    ),
    Term(
        "warmup",
        "Warm-up",
        "The first iterations of training, over which the learning rate rises linearly.",
        ("warm-up",),
    ),
    Term(
        "bank",
        "Clean-positive bank",
        "A queue of at most N unit-norm embeddings per class, from which the contrastive loss takes its positives and "
        "negatives; it admits a pixel only if it is labeled and the student already predicts its label.",
        ("clean-positive bank", "bank"),
    ),
    Term(
        "rule",
        "Admission rule",
        "Which pixels enter a bank, and under which class: clean admits labeled pixels that the student predicts "
        "correctly, labeled all labeled pixels, confidence the pixels with c ≥ τ under their prediction.",
        ("admission rule", "rule"),
    ),
    Term(
        "band",
        "Boundary band",
        "The valid pixels within w pixels of another label, where w is the width of the band; the rest of the valid "
        "pixels is the interior.",
        ("boundary band", "band width", "boundary error", "interior error"),
    ),
    Term(
        "budget",
        "Error budget",
        "The mIoU that is recovered if the wrong pixels of one kind were predicted right: misplaced boundaries and "
        "wrong extents of recognised regions, confused regions, missed regions, and hallucinated regions.",
        (
            "error budget",
            "misplaced boundaries",
            "wrong extents",
            "confused regions",
            "missed regions",
            "hallucinated regions",
        ),
    ),
    Term(
        "images",
        "Image noise",
        "How much a number would vary over validation sets of this size for fixed weights, as an interval over images.",
        ("image noise", "image interval", "over images"),
    ),
    Term(
        "seeds",
        "Seed noise",
        "How much a number varies over training seeds for fixed images, as mean ± sample standard deviation.",
        ("seed noise", "over seeds"),
    ),
    Term(
        "delta",
        "Δ – difference",
        "Method − baseline, in the unit of the number; for rates in percentage points.",
        ("Δ",),
    ),
    Term(
        "miou",
        "mIoU",
        "The mean over classes of the intersection over union: of the pixels that belong to a class or are predicted "
        "as it, the fraction that are both.",
        ("mIoU", "IoU"),
    ),
)
"""In the order of the glossary."""

_KEYS = {name.lower(): term.key for term in TERMS for name in term.names}
_MENTION = re.compile(
    rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(_KEYS, key=len, reverse=True)))})(?:s|es)?(?![\w-])", re.IGNORECASE
)


def term(name: str, key: str = "") -> Markup:
    """A mention of a term, which leads to the glossary and shows the definition on hovering and focus.

    Args:
        name: the text shown.
        key: the term that it means; empty: the one of that name.

    Raises:
        KeyError: no term has that name.
    """
    known = key or _key(name)
    return Markup('<a class=term data-term="{0}" href="#term-{0}">{1}</a>').format(known, name)


def with_terms(text: str, *, links: bool = True) -> Markup:
    """Text with the first mention of each term marked.

    Args:
        text: plain text, which is escaped.
        links: whether a mention is a link, which a button cannot hold; else its tooltip belongs to the button.
    """
    parts, at, seen = [], 0, set[str]()
    for found in _MENTION.finditer(text):
        key = _key(found[0])
        if key not in seen:
            seen.add(key)
            mention = term(found[0], key) if links else _SPAN.format(key, found[0])
            parts += [escape(text[at : found.start()]), mention]
            at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


_SPAN = Markup('<span class=term data-term="{}">{}</span>')


def _key(name: str) -> str:
    """The term of a name in any case, singular or plural."""
    lower = name.lower()
    for one in (lower, lower.removesuffix("s"), lower.removesuffix("es")):
        if one in _KEYS:
            return _KEYS[one]
    raise KeyError(f"No term is called '{name}'.")
