"""The contrastive branch class by class, stated plainly from the paper (Sec. 3.2, Eq. 3 and Fig. 8).

For each class the features of all admitted pixels are gathered before the cap is applied, and the class's ring is
written on its own. The loss takes the positives out of the similarities to all entries by a mask.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

VOID = 255


class Bank:
    """A ring of N entries of D numbers for each class."""

    def __init__(self, queue: Tensor, filled: Tensor, pointer: Tensor) -> None:
        self.queue, self.size = queue.clone(), queue.shape[1]
        self.filled: list[int] = filled.tolist()
        self.pointer: list[int] = pointer.tolist()

    def entries(self, label: int) -> Tensor:
        """Entries of one class."""
        return self.queue[label, : self.filled[label]]

    def enqueue(self, embeddings: Tensor, labels: Tensor) -> None:
        """Append the entries class by class."""
        for label in range(len(self.queue)):
            member = labels == label
            if not member.any():
                continue
            rows = embeddings[member][-self.size :]
            slots = (self.pointer[label] + torch.arange(len(rows), device=rows.device)) % self.size
            self.queue[label, slots] = rows
            self.pointer[label] = (self.pointer[label] + len(rows)) % self.size
            self.filled[label] = min(self.filled[label] + len(rows), self.size)


def sample(embedding: Tensor, logits: Tensor, labels: Tensor, cap: int) -> tuple[Tensor, Tensor]:
    """Embeddings and labels of up to ``cap`` labeled and correctly predicted pixels of each class."""
    size = embedding.shape[-2:]
    target = F.interpolate(labels[:, None].float(), size, mode="nearest")[:, 0].long()
    prediction = F.interpolate(logits.detach(), size, mode="bilinear", align_corners=True).argmax(1)
    valid = (target != VOID) & (prediction == target)
    features = embedding.permute(0, 2, 3, 1)
    chosen, classes = [], []
    for label in range(logits.shape[1]):
        member = valid & (target == label)
        if not member.any():
            continue
        rows = features[member]
        if len(rows) > cap:
            rows = rows[torch.randperm(len(rows), device=rows.device)[:cap]]
        chosen.append(rows)
        classes.append(torch.full((len(rows),), label, device=rows.device))
    if not chosen:
        return embedding.new_zeros(0, embedding.shape[1]), labels.new_zeros(0)
    return torch.cat(chosen), torch.cat(classes)


def info_nce(anchors: Tensor, labels: Tensor, bank: Bank, *, temperature: float, limit: int) -> Tensor:
    """Equation 3, mean over at most ``limit`` anchors."""
    if len(anchors) > limit:
        kept = torch.randperm(len(anchors), device=anchors.device)[:limit]
        anchors, labels = anchors[kept], labels[kept]
    classes = range(len(bank.queue))
    entries = torch.cat([bank.entries(label) for label in classes])
    entry_labels = torch.cat([labels.new_full((bank.filled[label],), label) for label in classes])
    positive = labels[:, None] == entry_labels
    found = positive.any(1)
    if not found.any():
        return 0.0 * anchors.sum()
    similarity = anchors[found] @ entries.T / temperature
    positives = similarity.masked_fill(~positive[found], float("-inf"))
    return (similarity.logsumexp(1) - positives.logsumexp(1)).mean()
