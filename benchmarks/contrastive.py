"""Time of one iteration of the contrastive branch: selection, loss forward and backward, enqueue.

Run: python benchmarks/contrastive.py [--classes 21 150] [--repeats 5] [--device cpu] [--threads 2]

The setting is that of the published figures of the released branch: B = 4, D = 256, 148×148 features. The features are
random unit vectors, nine pixels in ten are predicted correctly, and the bank is full, its most expensive state.
"""

import argparse
import statistics
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from pixcon_train.method.candidates import BankSettings, labeled_candidates
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.contrastive import contrast
from pixcon_train.models.base import ModelOutput

RELEASED = {21: 1.6, 150: 9.4}
"""Published seconds of the released branch on a CPU, by number of classes, from another run on another machine."""


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
    logits = 10.0 * F.one_hot(torch.where(right, labels, guess), num_classes).permute(0, 3, 1, 2).float()
    embedding = F.normalize(torch.randn(batch, dim, edge, edge, generator=generator, device=device), dim=1)
    bank = ClassBank(num_classes, 256, dim).to(device)
    entries = F.normalize(torch.randn(num_classes * 256, dim, generator=generator, device=device), dim=1)
    bank.enqueue(entries, torch.arange(num_classes, device=device).repeat_interleave(256))
    return Case(ModelOutput(logits, embedding, embedding.requires_grad_()), labels, bank, generator)


def run_iteration(case: Case) -> None:
    """The branch as in the training step, with the paper's caps."""
    settings = BankSettings("clean")
    candidates = labeled_candidates(case.output, case.labels, settings)
    loss, admitted = contrast(candidates, case.bank, settings, case.generator)
    loss.backward()
    case.bank.enqueue(*admitted)


def measure(case: Case, repeats: int) -> tuple[list[float], list[float]]:
    """Wall-clock and processor seconds of ``repeats`` iterations, after one warm-up iteration.

    On a busy machine the processor time is the reliable one.
    """
    clock, processor = [], []
    for _ in range(repeats + 1):
        begin, used = time.perf_counter(), time.process_time()
        run_iteration(case)
        if case.labels.is_cuda:
            torch.cuda.synchronize(case.labels.device)
        clock.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    return clock[1:], processor[1:]


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="+", default=[21, 150])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--edge", type=int, default=148, help="height and width of the feature map")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def main() -> None:
    """Print one row per number of classes."""
    options = parse()
    torch.set_num_threads(options.threads)
    shape = f"B={options.batch}, D={options.dim}, {options.edge}×{options.edge}"
    print(f"One iteration of the contrastive branch, {shape}, {options.device}, {options.threads} threads")
    print(f"{'K':>5} {'median s':>9} {'fastest s':>10} {'processor s':>12} {'released s *':>13}")
    for num_classes in options.classes:
        case = build_case(num_classes, batch=options.batch, dim=options.dim, edge=options.edge, device=options.device)
        clock, processor = (sorted(seconds) for seconds in measure(case, options.repeats))
        released = f"{RELEASED[num_classes]:.1f}" if num_classes in RELEASED else "–"
        found = f"{statistics.median(clock):>9.3f} {clock[0]:>10.3f} {statistics.median(processor):>12.3f}"
        print(f"{num_classes:>5} {found} {released:>13}")
    print("* published for the released branch at B=4, D=256, 148×148 on a CPU: another run on another machine.")


if __name__ == "__main__":
    main()
