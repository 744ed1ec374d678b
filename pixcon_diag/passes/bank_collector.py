"""A replay of the bank: one pass over the images that fill it, for every admission rule."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from pixcon_diag.measures.coverage import Coverage
from pixcon_diag.measures.geometry import labels_on_grid
from pixcon_diag.measures.pixel_sample import smallest_by_class
from pixcon_diag.passes.replayed_banks import ReplayOptions
from pixcon_diag.passes.run import PredictedBatch
from pixcon_diag.passes.state import part
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.seeding import seeded
from pixcon_train.core.void import void_of
from pixcon_train.method.admission import REPLAYED, admit
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.models.base import resize

_KEYS = 30
"""Random stream that selects the pixels within the cap."""


class BankCollector:
    """The banks of all admission rules, filled from the images of a pass in training batches of ``options.batch_size``.

    The final entries are those of training under these weights, each with its true class. They are read from the
    :meth:`snapshot` (:class:`pixcon_diag.passes.replayed_banks.ReplayedBanks`).

    Labels and the native logits of the network are resized to the feature's resolution as in training
    (:func:`pixcon_train.method.candidates.labeled_candidates`): labels by nearest neighbour, logits bilinearly. Both
    are resized once, from the network's input; padding beyond the image is void.

    Args:
        num_classes: K.
        embed: from features (M, C) to unit-norm embeddings (M, D).
        options: of the replay.
        images: number of images; the last one ends a training batch, which may be smaller.
        stored: the bank of the checkpoint, copied to the snapshot.
    """

    def __init__(
        self,
        num_classes: int,
        embed: Callable[[Tensor], Tensor],
        options: ReplayOptions,
        images: int,
        stored: Mapping[str, Tensor] | None = None,
    ) -> None:
        # NumPy has no bfloat16.
        self.stored = {
            f"stored.{name}": (value.float() if value.dtype == torch.bfloat16 else value).cpu().numpy()
            for name, value in (stored or {}).items()
        }
        self.num_classes, self.embed, self.options, self.images = num_classes, embed, options, images
        self.banks: dict[str, ClassBank] = {}
        self.coverage = {
            rule: Coverage(num_classes, batch_size=options.batch_size, cap=options.cap, bank_size=options.size)
            for rule in REPLAYED
        }
        self.pending: dict[str, list[list[Tensor]]] = {rule: [] for rule in REPLAYED}
        self.confusion = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.seen = 0

    @torch.no_grad()
    def update(self, batch: PredictedBatch) -> None:
        """Replay the admission of one batch, image by image.

        Raises:
            ConfigError: there is no feature, as with sliding windows.
        """
        fused, covered, native = batch.inference.fused, batch.inference.covered, batch.inference.network_logits
        if fused is None or native is None or not fused.shape[1]:
            raise ConfigError(
                "The bank cannot be replayed without the decoder feature of whole images: use --window 0, or name the "
                "feature of a wrapped module."
            )
        size = (fused.shape[2], fused.shape[3])
        labels = labels_on_grid(batch.target, size, void=void_of(self.num_classes), covered=covered)
        logits = resize(native.float(), *size)
        for image in zip(fused, labels, logits, strict=True):
            self._image(*image)

    def _image(self, feature: Tensor, target: Tensor, logits: Tensor) -> None:
        """One image: feature (C, h, w), target (h, w), logits (K, h, w)."""
        draw = torch.rand(target.numel(), generator=seeded(self.options.seed, _KEYS, self.seen))
        flat = target.flatten()
        valid = flat != void_of(self.num_classes)
        cells = flat[valid] * self.num_classes + logits.argmax(0).flatten()[valid]
        counted = cells.bincount(minlength=self.num_classes**2)
        self.confusion += counted.view(self.num_classes, self.num_classes).cpu()
        for rule in REPLAYED:
            admitted = admit(rule, logits[None], target[None], tau=self.options.tau)[0]
            coverage = self.coverage[rule]
            if coverage.device != target.device:  # to() touches every image's counts, however many there are
                coverage.to(target.device)
            coverage.update(target[None], admitted[None])
            entered = admitted.flatten().cpu()
            index = _within_cap(draw, entered, self.options.cap)
            chosen = index.to(feature.device)
            rows = self.embed(feature.flatten(1)[:, chosen].T)
            self.pending[rule].append([draw[index], entered[index], flat[chosen].cpu(), rows.float().cpu()])
        self.seen += 1
        if self.seen % self.options.batch_size == 0 or self.seen == self.images:
            self._flush()

    def _bank(self, rule: str, dim: int) -> ClassBank:
        """The bank of a rule; an empty one for embeddings of ``dim`` numbers before the first entry."""
        return self.banks.setdefault(rule, ClassBank(self.num_classes, self.options.size, dim))

    def _flush(self) -> None:
        """Enter ``cap`` pixels per class, drawn from all images since the last full batch."""
        for rule, parts in self.pending.items():
            if parts:
                draw, entered, target, rows = (torch.cat(column) for column in zip(*parts, strict=True))
                index = _within_cap(draw, entered, self.options.cap)
                bank = self._bank(rule, rows.shape[1])
                if len(index):  # the rule may admit no pixel of a batch
                    bank.enqueue(rows[index], entered[index], target[index])
            self.pending[rule] = []

    def snapshot(self) -> dict[str, np.ndarray]:
        """All sufficient statistics and banks."""
        state = {"confusion": self.confusion.numpy().copy(), "seen": np.array(self.seen), **self.stored}
        for rule in REPLAYED:
            bank = dict(self.banks[rule].named_buffers()) if rule in self.banks else {}
            state |= {f"{rule}.bank.{name}": value.numpy().copy() for name, value in bank.items()}
            state |= {f"{rule}.coverage.{name}": v for name, v in self.coverage[rule].snapshot().items()}
            joined = [torch.cat(parts).numpy() for parts in zip(*self.pending[rule], strict=True)]
            state |= {f"{rule}.pending.{index}": value for index, value in enumerate(joined)}
        return state

    def take_rows(self) -> dict[str, np.ndarray]:
        """The coverage of each image so far, which is removed."""
        taken = {rule: coverage.take_rows() for rule, coverage in self.coverage.items()}
        return {f"{rule}.coverage.{name}": rows for rule, found in taken.items() for name, rows in found.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume from a snapshot.

        Raises:
            KeyError: a statistic is missing.
        """
        self.confusion, self.seen = torch.tensor(state["confusion"]), int(state["seen"])
        for rule in REPLAYED:
            bank = part(state, f"{rule}.bank")
            if bank:
                tensors = {name: torch.tensor(value) for name, value in bank.items()}
                self._bank(rule, bank["queue"].shape[2]).load_state_dict(tensors)
            self.coverage[rule].restore(part(state, f"{rule}.coverage"))
            pending = part(state, f"{rule}.pending")
            rows = [torch.tensor(pending[str(index)]) for index in range(len(pending))]
            self.pending[rule] = [rows] if rows else []


def _within_cap(draw: Tensor, entered: Tensor, cap: int) -> Tensor:
    """Indices of the ``cap`` pixels of each class with the smallest draws; ``entered`` is −1 where a pixel is not."""
    index = smallest_by_class(draw, entered, cap)
    return index[entered[index] >= 0]
