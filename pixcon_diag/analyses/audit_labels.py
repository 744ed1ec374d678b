"""A label audit: suspect regions as a table and on a sheet, and ρ_F corrected for the label errors found."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixcon_diag.analyses.audit_review import (
    LEVEL,
    Ranked,
    Retained,
    Review,
    questions,
    review,
    sheet_id,
)
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.label_errors import suspect_regions
from pixcon_diag.passes.predictions import MeasuredPass, read_target
from pixcon_diag.sheets.answers import number_of, read_answers, require_known
from pixcon_diag.sheets.page import Sheet, render
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import write_text
from pixcon_train.core.progress import Progress
from pixcon_train.core.void import void_of

SHEET = "audit_labels_sheet.html"
ANSWERS = "audit_labels_answers.csv"
SHOWN = 15
"""Suspect regions of each checkpoint in the table."""
MOST_QUESTIONS = 10_000

EXPLANATION = (
    "A prediction contradicts the label of these photographs. For each circle, choose the class that is at its centre, "
    "neither of the two, or unclear if nobody could tell. Which of the two is the label is not shown, and which one is "
    "called A is decided by chance. In the outlined region label and prediction are the same two classes."
)
ASSUMPTIONS = (
    "Score: log of odds(mean confidence) · coherence, the region's share of the connected region that is predicted as "
    "its class. Regions into which no square of 5 × 5 pixels fits are left out: labels are inexact along boundaries.",
    "A confident error of the teacher looks the same: the ranking says where to look, not what is wrong. A label that "
    "is wrong where the prediction agrees with it cannot be seen, so a corrected ρ_F leaves such pixels as they are.",
)


@dataclass(frozen=True)
class Audit:
    """The suspect regions of one checkpoint, and what a review says of them."""

    ranked: Sequence[Ranked]
    """All of them, the most suspect first."""
    retained: Retained
    reviewed: Review | None = None
    sheet: dict[str, Any] | None = None
    """Of the sheet written: id, seed, file and numbers of questions."""


Audited = Measured[MeasuredPass, Audit]


@dataclass(frozen=True)
class Row:
    """A suspect region of a checkpoint."""

    audited: Audited
    rank: int

    @property
    def ranked(self) -> Ranked:
        """The region with its image."""
        return self.audited.result.ranked[self.rank - 1]

    @property
    def finding(self) -> str | None:
        """What the review says of it."""
        reviewed = self.audited.result.reviewed
        return None if reviewed is None else reviewed.top.get(self.rank)


def result_of(
    methods: Methods,
    *,
    folder: str | Path | None = None,
    answers: Sequence[str | Path] = (),
    top: int = 50,
    count: int = 100,
) -> Result:
    """The suspect regions of the first checkpoint of each method; for one method a sheet, and the review of answers.

    Args:
        methods: ρ_F is corrected at the first of the study's thresholds.
        folder: where the sheet is written; None writes none.
        answers: CSV files that the sheet saved.
        top: suspect regions on the sheet.
        count: sampled pixels on the sheet.

    Raises:
        ConfigError: a sheet or answers for several methods.
        DataError: answers that do not belong to this checkpoint and list, or that are damaged.
    """
    firsts: dict[str, MeasuredPass] = {}
    for member, measured in methods.passes(**asdict(methods.options.band)):
        firsts.setdefault(member.group, measured)
    if len(firsts) > 1 and (folder is not None or answers):
        raise ConfigError(f"A sheet audits the labels with one checkpoint, got {', '.join(firsts)}. Name one of them.")
    audits = []
    for group, measured in firsts.items():
        with methods.bar(f"auditing with {measured.name}") as progress:
            ranked = rank(measured, progress)
        tau = methods.options.taus[0]
        audits.append(Measured(group, measured, Audit(ranked, Retained(tau, measured.counts.retained(tau)))))
    if folder is not None or answers:
        where = None if folder is None else Path(folder)
        audits = [_reviewed(audits[0], methods, where, [Path(path) for path in answers], top, count)]
    return audit_result(audits)


def rank(measured: MeasuredPass, progress: Progress) -> list[Ranked]:
    """All suspect regions of a pass, the highest score first; equal scores in the order of the list."""
    ranked = []
    edges = np.array(measured.confidence_maps.edges)
    images = len(measured.data.pairs)
    for image in range(images):
        progress(image, images)
        target, prediction = read_target(measured.data, image), measured.label_maps.read(image)
        confidence = edges[measured.confidence_maps.read(image)]
        regions = suspect_regions(target, prediction, confidence, void=void_of(measured.data.spec.num_classes))
        ranked += [Ranked(image, region) for region in regions]
    progress(images, images)
    return sorted(ranked, key=lambda one: -one.region.score)


def _reviewed(
    audited: Audited, methods: Methods, folder: Path | None, answers: Sequence[Path], top: int, count: int
) -> Audited:
    """The audit with its review, and its sheet if a folder is given."""
    audit, measured, seed = audited.result, audited.member, methods.options.seed
    sheet = sheet_id(measured, audit.ranked, audit.retained, seed)
    given = read_answers(answers, sheet, mixed=False)
    require_known(
        given, lambda name: _known(name, len(audit.ranked)), "T1, T2, … for regions, S1, S2, … for the sample"
    )
    reviewed = review(given, sheet, audit.retained) if given else None
    written = None
    if folder is not None and not given:
        with methods.bar("drawing the sample") as progress:
            sample = audit.retained.sample(measured, count, seed, progress)
        with methods.bar("writing the sheet") as progress:
            asked = questions(measured, audit.ranked[:top], sample, progress)
        page = Sheet(sheet, "What is in the photograph?", EXPLANATION, asked, mixed=False, answers_file=ANSWERS)
        write_text(folder / SHEET, render(page))
        methods.notify(f"wrote {SHEET} in {folder}: {len(asked)} questions; open it in a browser and save its answers.")
        written = {"id": sheet, "seed": seed, "file": SHEET, "answers_file": ANSWERS} | {
            "top": min(top, len(audit.ranked)), "sample": [one._asdict() for one in sample]
        }  # fmt: skip
    return Measured(audited.group, measured, Audit(audit.ranked, audit.retained, reviewed, written))


def _known(name: str, regions: int) -> bool:
    """Whether a question of that name can exist."""
    return 0 < number_of(name[1:]) <= {"T": regions, "S": MOST_QUESTIONS}.get(name[:1], 0)


def audit_result(audits: Sequence[Audited]) -> Result:
    """Tables of the suspect regions, and of the reviews."""
    reviews = [one for one in audits if one.result.reviewed is not None]
    return Result.of(
        "audit-labels",
        [regions_table(audits, "audit_labels", SHOWN), *([review_table(reviews)] if reviews else [])],
        [regions_table(audits, "audit_labels_regions", None)],
        results=[_record(one) for one in audits],
        conclusions=[one.result.reviewed.conclusion for one in reviews if one.result.reviewed is not None],
    )


def _record(audited: Audited) -> dict[str, Any]:
    audit, classes = audited.result, audited.classes
    return audited.record(
        tau=audit.retained.tau,
        rho_f=audit.retained.rho_f,
        retained=int(audit.retained.counts[:, 1].sum()),
        wrong_retained=int(audit.retained.counts[:, 2].sum()),
        regions=[
            {**asdict(region), "image": audited.member.data.pairs[image].image, "score": region.score,
             "target": classes[region.target], "prediction": classes[region.prediction]}
            for image, region in audit.ranked
        ],
        sheet=audit.sheet,
        review=None if audit.reviewed is None else audit.reviewed.to_dict(),
    )  # fmt: skip


def regions_table(audits: Sequence[Audited], name: str, shown: int | None) -> Table:
    """The most suspect regions of each checkpoint."""
    rows = [Row(one, rank) for one in audits for rank, _ in enumerate(one.result.ranked[:shown], 1)]
    columns: list[Column[Row]] = [
        Column("name", "checkpoint", of=lambda row: row.audited.name),
        Column("rank", "rank", "count"),
        Column("image", "image", of=lambda row: Path(_path(row)).stem),
        Column("target", "label", of=lambda row: row.audited.classes[row.ranked.region.target]),
        Column("prediction", "predicted", of=lambda row: row.audited.classes[row.ranked.region.prediction]),
        Column("size", "px", "count", of=lambda row: row.ranked.region.size),
        Column("confidence", "conf.", "number", 3, of=lambda row: row.ranked.region.confidence),
        Column("coherence", "coher.", "number", 2, of=lambda row: row.ranked.region.coherence),
        Column("score", "score", "number", 2, of=lambda row: row.ranked.region.score),
    ]
    if any(one.result.reviewed is not None for one in audits):
        columns.append(Column("finding", "review"))
    return Table.of(
        name,
        "Regions where the prediction contradicts the label",
        rows,
        columns,
        (*_notes(audits), *ASSUMPTIONS),
        lambda row: {
            "path": _path(row),
            "row": row.ranked.region.row,
            "column": row.ranked.region.column,
            "depth": row.ranked.region.depth,
        },
    )


def _path(row: Row) -> str:
    return row.audited.member.data.pairs[row.ranked.image].image


def _notes(audits: Sequence[Audited]) -> Iterator[str]:
    for one in audits:
        images = len({image for image, _ in one.result.ranked})
        yield f"{one.name}: {len(one.result.ranked):,} regions in {images} of {len(one.member.data.pairs)} images."


def review_table(audits: Sequence[Audited]) -> Table:
    """ρ_F before and after the correction."""
    reviews = [(one, one.result.reviewed) for one in audits if one.result.reviewed is not None]
    return Table.of(
        "audit_labels_review",
        "Corrected ρ_F",
        reviews,
        (
            Column("name", "checkpoint", of=lambda row: row[0].name),
            Column("tau", "τ", of=lambda row: row[1].retained.tau),
            Column("reviewed", "sampled", "count", of=lambda row: len(row[1].sample)),
            Column("label_wrong", "label wrong %", "per_cent", 0, of=lambda row: row[1].share("label wrong")),
            Column("ambiguous", "ambiguous %", "per_cent", 0, of=lambda row: row[1].share("ambiguous")),
            Column("rho_f", "ρ_F", "number", of=lambda row: row[1].retained.rho_f),
            Column("corrected", "corrected", "number", of=lambda row: row[1].corrected),
            Column("low", "from", "number", over=f"{LEVEL:.0%}", of=lambda row: row[1].interval.low),
            Column("high", "to", "number", over=f"{LEVEL:.0%}", of=lambda row: row[1].interval.high),
        ),
        (
            *(row[1].conclusion for row in reviews),
            "The interval holds for these images and this τ, however many answers the review stops at. What other "
            "images would give is the interval of ρ_F (`contamination`).",
        ),
    )
