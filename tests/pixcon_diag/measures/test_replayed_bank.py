import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.measures.gradient import ContaminationGradient
from pixcon_diag.measures.replayed_bank import ReplayedBank
from pixcon_train.contrast import admit


def scene(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Embeddings that carry their position in the first two numbers, logits, and truth with void."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(0, 3, (4, 5, 6), generator=generator)
    truth[0, 0] = 255
    logits = torch.randn(4, 3, 5, 6, generator=generator)
    return F.normalize(torch.randn(4, 8, 5, 6, generator=generator), dim=1), logits, truth


def filled(rule: str, *, size: int = 9, batches: int = 3) -> tuple[ReplayedBank, list[tuple[Tensor, Tensor, Tensor]]]:
    bank, scenes = ReplayedBank(3, size, 8, cap=4), [scene(seed) for seed in range(batches)]
    for embedding, logits, truth in scenes:
        bank.enter(embedding, admit(rule, logits, truth, tau=0.4), truth, torch.Generator().manual_seed(0))
    return bank, scenes


def test_every_entry_keeps_its_pixel_s_truth() -> None:
    bank, scenes = filled("confidence")
    entries = bank.entries()
    pixels = torch.cat([embedding.permute(0, 2, 3, 1).reshape(-1, 8) for embedding, _, _ in scenes])
    truth = torch.cat([each.flatten() for _, _, each in scenes])
    predicted = torch.cat([logits.argmax(1).flatten() for _, logits, _ in scenes])
    for row in entries.held.nonzero().flatten().tolist():
        pixel = int((pixels == entries.embeddings[row]).all(1).nonzero())
        assert entries.truth[row] == truth[pixel]
        assert entries.labels[row] == predicted[pixel]
    assert (entries.truth != entries.labels)[entries.held].any()


def test_no_pixels_change_nothing() -> None:
    bank, _ = filled("confidence")
    before = bank.state_dict()["bank.queue"].clone()
    bank.enqueue(torch.zeros(0, 8), torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long))
    assert torch.equal(bank.state_dict()["bank.queue"], before)


def test_cap_and_size_hold() -> None:
    bank, _ = filled("labeled")
    assert torch.bincount(bank.entries().labels[bank.entries().held]).tolist() == [9, 9, 9]  # three batches of 4
    bank, _ = filled("labeled", batches=2)
    assert torch.bincount(bank.entries().labels[bank.entries().held]).tolist() == [8, 8, 8]


def test_rules_by_ground_truth_are_clean() -> None:
    for rule in ("clean", "labeled"):
        entries = filled(rule)[0].entries()
        assert torch.equal(entries.truth[entries.held], entries.labels[entries.held])


def test_anchors_are_the_entries_with_padding_marked() -> None:
    bank, _ = filled("clean", size=40)
    anchors, labels = bank.anchors()
    entries = bank.entries()
    assert torch.equal(labels >= 0, entries.held)
    metric = ContaminationGradient(3)
    metric.update(anchors, labels, entries)
    assert metric.compute().eq3.overall.anchors == int(entries.held.sum())


def test_pixels_are_entered_as_they_come_and_none_changes_nothing() -> None:
    bank = ReplayedBank(2, 3, 2)
    rows = torch.tensor([[1.0, 0], [0, 1], [1, 1], [0, 2], [3, 0]])
    bank.enqueue(rows, torch.tensor([0, 1, 0, 0, 0]), torch.tensor([0, 0, 1, 0, 1]))
    before = bank.entries()
    assert before.held.tolist() == [True] * 4 + [False] * 2
    assert sorted(before.embeddings[:3].tolist()) == [[0, 2], [1, 1], [3, 0]]  # the oldest of class 0 made room
    assert before.truth[before.labels == 1][0] == 0
    none = torch.zeros(0, dtype=torch.long)
    bank.enqueue(torch.zeros(0, 2), none, none)
    assert all(torch.equal(*each) for each in zip(before, bank.entries(), strict=True))
