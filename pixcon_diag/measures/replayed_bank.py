"""A bank filled by replaying an admission rule, with the truth beside every entry."""

import torch
from torch import Tensor, nn

from pixcon_diag.measures.gradient import Entries
from pixcon_train.bank import ClassBank
from pixcon_train.contrast import gather_pixels, select_anchors


class ReplayedBank(nn.Module):
    """Training's own per-class queues, and in step with them the ground truth of what they hold.

    Fed with the batches of a pass it ends up with the entries that training would have under these weights. A second
    one, fed with other images, serves as anchors that are not in the bank themselves.

    Args:
        num_classes: K.
        size: N, entries per class.
        dim: D of the embeddings.
        cap: m, pixels entered per class and batch.
    """

    def __init__(self, num_classes: int, size: int, dim: int, *, cap: int = 64) -> None:
        super().__init__()
        self.num_classes, self.cap = num_classes, cap
        self.bank = ClassBank(num_classes, size, dim)
        self.truth = ClassBank(num_classes, size, 1)  # float32 holds a class index exactly

    @torch.no_grad()
    def enter(self, embedding: Tensor, admitted: Tensor, truth: Tensor, generator: torch.Generator | None) -> None:
        """Enter one batch, after the cap.

        Args:
            embedding: (B, D, h, w), unit norm.
            admitted: (B, h, w) int64, the class under which a pixel is entered, −1 where it is not.
            truth: (B, h, w) int64, ground truth of each admitted pixel.
            generator: of the tensors' device; draws the pixels that stay within the cap.
        """
        drawn = select_anchors(admitted, num_classes=self.num_classes, cap=self.cap, generator=generator)
        self.enqueue(gather_pixels(embedding, drawn.positions), drawn.labels, truth.flatten()[drawn.positions])

    @torch.no_grad()
    def enqueue(self, embeddings: Tensor, labels: Tensor, truth: Tensor) -> None:
        """Enter pixels as they are: embeddings (M, D), class (M,) under which each is entered, and its truth (M,)."""
        if not len(labels):  # nothing was admitted; the training step's bank always gets rows, if of padding alone
            return
        self.bank.enqueue(embeddings, labels)
        self.truth.enqueue(truth[:, None].float(), labels)

    def entries(self) -> Entries:
        """All rows, K·N of them."""
        embeddings, labels, held = self.bank.entries()
        return Entries(embeddings, labels, self.truth.entries()[0].squeeze(1).long(), held)

    def anchors(self) -> tuple[Tensor, Tensor]:
        """The entries as anchors (K·N, D) and their labels (K·N,), −1 where a row holds none."""
        entries = self.entries()
        return entries.embeddings, torch.where(entries.held, entries.labels, -1)
