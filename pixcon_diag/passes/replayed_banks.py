"""The banks of a replay, read from its stored arrays."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from pixcon_diag.measures.bank_contamination import BankContamination, bank_contamination
from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.coverage_result import CoverageResult
from pixcon_diag.passes.state import Statistics, names_of, part
from pixcon_train.core.void import void_of
from pixcon_train.method.admission import REPLAYED, RULES

FORMAT = 4
"""Raised when the same options give another state. 2: true classes in the bank. 3: native logits. 4: the last
training batch is entered, the fill is a number, the checkpoint's bank is included."""


@dataclass(frozen=True)
class ReplayOptions:
    """The bank and its admission, with the defaults of training (paper, Table 5)."""

    tau: float = 0.95
    """Threshold of the rules that have one."""
    size: int = 256
    """N, entries per class."""
    cap: int = 64
    """m, pixels entered per class and batch."""
    batch_size: int = 16
    """Labeled images of one training step."""
    seed: int = 0

    def key(self) -> dict[str, Any]:
        """The part of the cache key that these options determine."""
        return {"replay": {"format": FORMAT, "rules": list(REPLAYED), **asdict(self)}}


def replay_statistics(num_classes: int, options: ReplayOptions) -> Statistics:
    """The statistics of a replay; the banks are there after the first training batch."""
    classes, size = num_classes, options.size
    forms = {"confusion": f"int>=0 {classes} {classes}", "seen": "int>=0"}
    forms |= {
        "stored.queue": "real A B D",
        "stored.filled": "int A",
        "stored.truth": "int A B",
        "stored.weight": "real A B",
    }
    for rule in REPLAYED:
        forms |= {
            f"{rule}.coverage.strays": "int 2 3",
            f"{rule}.coverage.counts": f"int>=0 I 3 {classes}",
            f"{rule}.bank.queue": f"real {classes} {size} E",
            f"{rule}.bank.ptr": f"int<{size} {classes}",
            f"{rule}.bank.filled": f"int<={size} {classes}",
            f"{rule}.bank.truth": f"int {classes} {size}",
            f"{rule}.bank.weight": f"real {classes} {size}",
            f"{rule}.pending.0": f"real P{rule}",
            f"{rule}.pending.1": f"int<{classes} P{rule}",
            f"{rule}.pending.2": f"int<{classes} P{rule}",
            f"{rule}.pending.3": f"real P{rule} E",
        }
    return Statistics(
        frozenset({"confusion", "seen"}).union(
            *(names_of(f"{rule}.coverage", "strays", "counts") for rule in REPLAYED)
        ),
        together=(
            names_of("stored", "queue", "filled"),
            *(names_of(f"{rule}.pending", "0", "1", "2", "3") for rule in REPLAYED),
        ),
        at_end=tuple(names_of(f"{rule}.bank", "queue", "ptr", "filled", "truth", "weight") for rule in REPLAYED),
        forms=forms,
    )


@dataclass(frozen=True)
class ReplayedBanks:
    """The bank of every admission rule after all images of a list."""

    state: Mapping[str, np.ndarray] = field(repr=False, compare=False)
    """As :meth:`pixcon_diag.passes.bank_collector.BankCollector.snapshot` gives it."""
    num_classes: int
    options: ReplayOptions

    def coverage(self, rule: str) -> CoverageResult:
        """How many pixels of each class ``rule`` admits."""
        options = self.options
        return CoverageResult.from_state(
            part(self.state, f"{rule}.coverage"),
            self.num_classes,
            void=void_of(self.num_classes),
            batch_size=options.batch_size,
            cap=options.cap,
            bank_size=options.size,
        )

    def contamination(self, rule: str) -> BankContamination:
        """Contamination of the bank that ``rule`` fills; exactly 0 for a rule that admits pixels under their label."""
        options = self.options
        return bank_contamination(
            self.admitted(rule),
            batch_size=options.batch_size,
            cap=options.cap,
            bank_size=options.size,
            exact=not RULES[rule].uses_tau,
        )

    def admitted(self, rule: str) -> np.ndarray:
        """(I, 3, K) int64: labeled, eligible and correctly eligible pixels of each image and class under ``rule``."""
        empty = np.zeros((0, 3, self.num_classes))
        return part(self.state, f"{rule}.coverage").get("counts", empty).astype(np.int64)

    def entries(self, rule: str) -> Entries[np.ndarray]:
        """All K·N rows of the bank of ``rule``, with the true class of each entry."""
        bank = part(self.state, f"{rule}.bank")
        classes, size, dim = bank["queue"].shape
        held = np.arange(size) < bank["filled"][:, None]
        labels = np.repeat(np.arange(classes), size)
        return Entries(bank["queue"].reshape(-1, dim), labels, bank["truth"].ravel(), held.ravel())

    def mean_embeddings(self, rule: str) -> np.ndarray:
        """(K, D) float32: mean embedding of each class's entries under ``rule``, zero for a class without one."""
        embeddings, labels, _, held = self.entries(rule)
        sums = np.zeros((self.num_classes, embeddings.shape[1]))
        np.add.at(sums, labels[held], embeddings[held].astype(np.float64))
        counts = np.bincount(labels[held], minlength=self.num_classes)
        return (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)

    @property
    def confusion(self) -> np.ndarray:
        """(K, K) int64: how often target k was predicted as j, at the feature's resolution."""
        return self.state["confusion"]
