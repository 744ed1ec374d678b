"""How the rule that a run was trained with stands to the rules that are replayed."""

from collections.abc import Iterator, Sequence

from pixcon_diag.cache.replay import ReplayedPass

_NOTES = {
    "soft": "trained with `soft`, which admits what `labeled` admits; its entries' weights are not in the replay.",
    "pseudo": (
        "trained with `pseudo`, which fills the bank from unlabeled images under the teacher's pseudo-labels. No "
        "replay of the labeled list makes that bank; closest is `confidence` over the unlabeled (--split unlabeled)."
    ),
}
"""Of rules that are not replayed under their own name."""


def trained_notes(replayed: Sequence[ReplayedPass]) -> Iterator[str]:
    """A sentence for each such rule, with the names of its runs; none where every run's own rule is replayed."""
    for rule, note in _NOTES.items():
        names = dict.fromkeys(each.name for each in replayed if each.trained == rule)
        if names:
            yield f"{', '.join(names)}: {note}"
