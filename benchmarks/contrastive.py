"""Time of one iteration of the contrastive branch, against the same class by class and against bare matrix products.

Run: python -m benchmarks.contrastive [--classes 21 150] [--repeats 3] [--device cpu] [--threads 1]

An iteration selects anchors, computes the loss and its gradient with respect to the embedding, and enqueues. The
setting is that of the published figures of the released branch: B = 4, D = 256, 148×148 features. The features are
random unit vectors, nine pixels in ten are predicted correctly, and the bank is full, its most expensive state. The
bare products are the similarities of all anchors and entries, and their gradient.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from benchmarks.baselines import contrastive as class_by_class
from benchmarks.results import Row, add_options, report
from benchmarks.timing import alternate, ratio, spread
from pixcon_train.method.candidates import BankSettings, labeled_candidates
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.contrastive import contrast
from pixcon_train.models.base import ModelOutput

TARGETS = {21: 12.0, 150: 16.0}
"""Baseline ÷ ours, by number of classes."""
SETTINGS = BankSettings("clean")


@dataclass(frozen=True)
class Case:
    """Inputs of one iteration."""

    output: ModelOutput
    labels: torch.Tensor
    bank: ClassBank
    generator: torch.Generator


def build_case(num_classes: int, *, batch: int, dim: int, edge: int, device: torch.device) -> Case:
    """Random features, logits that are correct at nine pixels in ten, and a full bank."""
    generator = torch.Generator(device).manual_seed(0)
    labels = torch.randint(num_classes, (batch, edge, edge), generator=generator, device=device)
    guess = torch.randint(num_classes, labels.shape, generator=generator, device=device)
    right = torch.rand(labels.shape, generator=generator, device=device) < 0.9
    logits = torch.zeros(batch, num_classes, edge, edge, device=device)
    logits.scatter_(1, torch.where(right, labels, guess)[:, None], 10.0)
    embedding = F.normalize(torch.randn(batch, dim, edge, edge, generator=generator, device=device), dim=1)
    bank = ClassBank(num_classes, 256, dim).to(device)
    entries = F.normalize(torch.randn(num_classes * 256, dim, generator=generator, device=device), dim=1)
    bank.enqueue(entries, torch.arange(num_classes, device=device).repeat_interleave(256))
    return Case(ModelOutput(logits, embedding, embedding.requires_grad_()), labels, bank, generator)


def run_iteration(case: Case) -> None:
    """The branch as in the training step, with the paper's caps."""
    candidates = labeled_candidates(case.output, case.labels, SETTINGS)
    loss, admitted = contrast(candidates, case.bank, SETTINGS, case.generator)
    torch.autograd.grad(loss, candidates.embedding)
    case.bank.enqueue(*admitted)


def run_class_by_class(case: Case, bank: class_by_class.Bank) -> None:
    """The same with the baseline, whose ``bank`` is its own."""
    embedding = case.output.embedding
    assert embedding is not None
    anchors, labels = class_by_class.sample(embedding, case.output.logits, case.labels, SETTINGS.cap)
    limits = {"temperature": SETTINGS.temperature, "limit": SETTINGS.max_anchors}
    loss = class_by_class.info_nce(anchors, labels, bank, **limits)
    torch.autograd.grad(loss, embedding)
    bank.enqueue(anchors.detach(), labels)


def bare_products(case: Case) -> Callable[[], object]:
    """Similarities of the anchors and all entries, and their gradient with respect to the anchors, in fp32."""
    entries = case.bank.queue.flatten(0, 1)
    rows = min(SETTINGS.max_anchors, SETTINGS.cap * len(case.bank.filled))
    anchors = torch.randn(rows, entries.shape[1], device=entries.device)
    return lambda: (anchors @ entries.T) @ entries


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="+", default=[21, 150])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--edge", type=int, default=148, help="height and width of the feature map")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--branch-only", action="store_true", help="leave the baseline out, as for many classes")
    add_options(parser, "contrastive", repeats=3)
    return parser.parse_args()


def rows_of(num_classes: int, seconds: Mapping[str, list[float]]) -> list[Row]:
    """Seconds of the branch, and its ratios to the other ways."""
    branch, name = seconds["branch"], f"K={num_classes}"
    rows = [Row(f"{name}: the branch", spread(branch), "s", values={"classes": num_classes, "seconds": dict(seconds)})]
    if "class by class" in seconds:
        found = ratio(seconds["class by class"], branch)
        rows.append(Row(f"{name}: class by class ÷ branch", found, target=TARGETS.get(num_classes), better="more"))
    return [*rows, Row(f"{name}: branch ÷ bare products", ratio(branch, seconds["bare products"]))]


def main() -> int:
    """Rows for each number of classes."""
    options = parse()
    torch.set_num_threads(options.threads)
    shape = {"batch": options.batch, "dim": options.dim, "edge": options.edge, "device": options.device}
    rows = []
    for num_classes in options.classes:
        case = build_case(num_classes, **shape)
        ways = {"branch": lambda case=case: run_iteration(case), "bare products": bare_products(case)}
        if not options.branch_only:
            bank = class_by_class.Bank(case.bank.queue, case.bank.filled, case.bank.ptr)
            ways["class by class"] = lambda case=case, bank=bank: run_class_by_class(case, bank)
        rows += rows_of(num_classes, alternate(ways, options.repeats, device=options.device))
    title = f"Contrastive branch, B={options.batch}, D={options.dim}, {options.edge}×{options.edge}, {options.device}"
    return report(title, rows, options.out, threads=options.threads, **shape)


if __name__ == "__main__":
    raise SystemExit(main())
