"""The feature that measurements use, where it is not the usual one."""

from collections.abc import Iterable, Iterator, Mapping

from pixcon_diag.provenance import Provenance
from pixcon_train.models.architectures import FUSED


def feature_notes(measured: Iterable[tuple[str, Provenance]]) -> Iterator[str]:
    """A sentence on each checkpoint whose feature is not the fused decoder feature."""
    for feature, names in _by_feature(measured).items():
        yield f"The feature of {', '.join(names)} is {feature}."


def _by_feature(measured: Iterable[tuple[str, Provenance]]) -> Mapping[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, provenance in measured:
        if provenance.checkpoint.feature != FUSED:
            names.setdefault(provenance.checkpoint.feature, []).append(name)
    return names
