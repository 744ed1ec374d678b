"""The content of a weight file as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.inspection import Inspection, Part, inspect
from pixcon_diag.checkpoints.layouts.registry import OTHER_NETWORKS
from pixcon_diag.checkpoints.loading import scores_text
from pixcon_diag.provenance import shown_weights
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table


def inspection_result(path: Path, *, allow_legacy: bool = False, tensors: bool = False) -> Result:
    """What a weight file is and holds; nothing in it is run, and no network is built.

    Args:
        tensors: list every tensor of every network.

    Raises:
        CheckpointError: it cannot be read, is damaged or unsafe, or holds no dictionary.
    """
    found = inspect(path, allow_legacy=allow_legacy)
    return Result.of(
        "inspect",
        [networks_table(found), parts_table(found), *([tensors_table(found)] if tensors else [])],
        summary=list(_sentences(found)),
        path=str(path),
        bytes=found.size,
        sha256=found.file.sha256,
        verified=found.file.verified,
        not_restored=list(found.file.inert),
        layout=None if found.layout is None else found.layout.name,
        scores=None if found.layout is None else asdict(found.layout.scores),
        bank=_bank(found),
        networks=[asdict(network) for network in found.networks],
        entries=[asdict(part) for part in found.parts],
    )


def _sentences(found: Inspection) -> Iterator[str]:
    what = found.unknown or ""
    if found.layout is not None:
        what = f"{found.file.path}: {found.layout.name}{scores_text(found.layout.scores)}."
    yield what
    checks = "agrees with the checksums in it" if found.file.verified else "has no checksums: damage cannot be noticed"
    yield f"{found.size / 2**20:,.1f} MiB, SHA-256 {found.file.sha256}; the file {checks}."
    if found.file.inert:
        yield f"Not restored, as that would run code from the file: {', '.join(found.file.inert)}."
    recipes = {model.recipe: model.architecture for model in (network.model for network in found.networks) if model}
    for recipe, architecture in recipes.items():
        if recipe is not None:
            yield f"Weights do not show strides and dilations; those of {architecture} are taken: {recipe}."
    for network in found.networks:
        name = shown_weights(network.weights)
        if network.unknown is not None:
            yield f"{name}: {network.unknown} {OTHER_NETWORKS}"
        if network.not_finite:
            yield f"{name}: {network.not_finite:,} weights are NaN or infinite; it cannot be measured."
    if (bank := _bank(found)) is not None:
        yield f"It holds a memory bank: {bank['entries']:,} entries of {bank['classes']} classes."


def _bank(found: Inspection) -> dict[str, Any] | None:
    if found.layout is None or found.layout.bank is None:
        return None
    filled = found.layout.bank["filled"]
    return {"classes": len(filled), "entries": int(filled.sum())}


def networks_table(found: Inspection) -> Table:
    """A row for each network."""
    return Table.of(
        "inspect",
        "Networks",
        found.networks,
        (
            Column("weights", "weights", of=lambda r: shown_weights(r.weights)),
            Column("architecture", "architecture", of=lambda r: None if r.model is None else r.model.architecture),
            Column("size", "size", of=lambda r: None if r.model is None else r.model.size),
            Column("classes", "classes", "count", of=lambda r: None if r.model is None else r.model.num_classes),
            Column("entries", "entries", "count", minor=True),
            Column("values", "values", "count"),
            Column("dtypes", "types", of=lambda r: " ".join(r.dtypes)),
            Column("norm", "norm", "number", 2),
            Column("largest", "largest", "number", 2),
            Column("not_finite", "NaN, ∞", "count"),
        ),
        ("Norm: L2 norm of all floats, batch norm's running statistics among them; largest: the largest magnitude.",),
    )


def parts_table(found: Inspection) -> Table:
    """A row for each entry at the top of the file, or for each part of a long state dict."""
    notes = [f"… and {found.more:,} more."] if found.more else []
    if len(found.parts) + found.more < len(found.file.content):
        notes.append(
            f"{len(found.file.content):,} entries in all, by the beginning of their names; --tensors lists each."
        )
    return _table_of_parts("inspect_parts", "Entries", found.parts, notes)


def tensors_table(found: Inspection) -> Table:
    """A row for each tensor of each network."""
    return _table_of_parts("inspect_tensors", "Tensors", found.tensors, ())


def _table_of_parts(name: str, title: str, parts: Sequence[Part], notes: Sequence[str]) -> Table:
    return Table.of(name, title, parts, (Column[Part]("name", "entry"), Column("content", "content")), notes)
