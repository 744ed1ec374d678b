import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from pixcon_diag.checkpoints.wrapped_module import WrappedModule
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.passes.options import PassOptions
from pixcon_diag.passes.run import PredictedBatch, choose_device, run_pass
from pixcon_train.core.errors import CheckpointError, ConfigError, DataError, WorkerError
from pixcon_train.core.files import to_json
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.protocols import SlidingWindow

CLASSES = 4


class Scenes(Dataset[dict[str, Any]]):
    """Random images of given sizes with random masks, some of it void."""

    def __init__(self, sizes: Sequence[tuple[int, int]]) -> None:
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(index)
        height, width = self.sizes[index]
        mask = torch.randint(0, CLASSES + 1, (height, width), generator=generator)
        image = torch.randn(3, height, width, generator=generator)
        return {"image": image, "mask": torch.where(mask == CLASSES, 255, mask), "name": str(index), "index": index}


class Linear(nn.Module):
    """Logits that are a linear function of the pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, CLASSES, 1)
        torch.nn.init.constant_(self.layer.bias, 0)
        with torch.no_grad():
            self.layer.weight.copy_(torch.randn(CLASSES, 3, 1, 1, generator=torch.Generator().manual_seed(0)))

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images)


def options(**changes: Any) -> PassOptions:
    values = {"protocol": "pixcon", "window": None, "device": "cpu", "workers": 0}
    return PassOptions(**{**values, **changes})


def network() -> WrappedModule:
    return WrappedModule(Linear(), CLASSES).eval()


SIZES = [(20, 30), (20, 30), (30, 20), (20, 30), (17, 23), (17, 23), (17, 23)]


def measured(**changes: Any) -> str:
    contamination, iou = Contamination(CLASSES, void=255), SegmentationIoU(CLASSES, 255)

    def consume(batch: PredictedBatch) -> None:
        contamination.update(batch.confidence, batch.prediction, batch.target)
        iou.update(batch.prediction, batch.target)

    run_pass(network(), Scenes(SIZES), [consume], options(**changes))
    return to_json([contamination.compute().to_dict(), iou.compute().to_dict()])


def test_every_image_is_predicted_once_in_order_and_at_its_own_size() -> None:
    seen: list[tuple[str, tuple[int, ...]]] = []
    steps: list[tuple[int, int]] = []

    def consume(batch: PredictedBatch) -> None:
        assert batch.target.shape == batch.prediction.shape == batch.confidence.shape
        seen.extend((name, tuple(batch.target.shape[1:])) for name in batch.names)

    run_pass(
        network(), Scenes(SIZES), [consume], options(batch_size=3), lambda done, total: steps.append((done, total))
    )
    assert seen == [(str(index), size) for index, size in enumerate(SIZES)]
    assert steps == [(0, 7), (3, 7), (6, 7), (7, 7)]


def test_the_batch_size_and_the_number_of_workers_do_not_matter() -> None:
    reference = measured(batch_size=1)
    assert measured(batch_size=4) == reference
    assert measured(batch_size=100, workers=1) == reference


def test_a_data_set_that_keeps_its_items_can_be_passed_again() -> None:
    scenes = Scenes(SIZES)
    kept: Any = [scenes[number] for number in range(len(scenes))]
    seen: list[tuple[str, ...]] = []
    for _ in range(2):
        run_pass(network(), kept, [lambda batch: seen.append(batch.names)], options())
    assert len(seen) == 2 * len({*seen}) > 0


def test_windows_are_used_where_they_are_asked_for() -> None:
    """With windows there is no fused feature of the whole image."""
    fused: list[Tensor | None] = []
    for window in (None, SlidingWindow(14)):
        run_pass(
            network(), Scenes([(20, 30)]), [lambda batch: fused.append(batch.inference.fused)], options(window=window)
        )
    assert fused[0] is not None and fused[1] is None


def test_a_pass_can_be_broken_off() -> None:
    class EnoughError(Exception):
        pass

    iou = SegmentationIoU(CLASSES, 255)

    def stop(done: int, total: int) -> None:
        if done >= 2:
            raise EnoughError

    with pytest.raises(EnoughError):
        run_pass(
            network(),
            Scenes(SIZES),
            [lambda batch: iou.update(batch.prediction, batch.target)],
            options(batch_size=1),
            stop,
        )
    pixels = sum(int((Scenes(SIZES)[index]["mask"] != 255).sum()) for index in range(2))
    assert sum(iou.compute().target) == pixels


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_image_keeps_its_message(workers: int) -> None:
    class Broken(Scenes):
        def __getitem__(self, index: int) -> dict[str, Any]:
            if index == 4:
                raise DataError("val/4.jpg cannot be read")
            return super().__getitem__(index)

    with pytest.raises(DataError, match=r"^val/4.jpg cannot be read$"):
        run_pass(network(), Broken(SIZES), [], options(workers=workers, batch_size=2))


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: not enough memory: you tried to allocate"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_exhausted_memory_says_what_to_do(error: Exception) -> None:
    class TooLarge(Linear):
        def forward(self, images: Tensor) -> Tensor:
            raise error

    def counted(batch: PredictedBatch) -> None:
        raise error

    expected = r"Out of memory: .* 2 images of 20×30 pixels on cpu\. Use a smaller --batch-size"
    with pytest.raises(ConfigError, match=expected):
        run_pass(WrappedModule(TooLarge(), CLASSES), Scenes(SIZES), [], options())
    with pytest.raises(ConfigError, match=expected):
        run_pass(network(), Scenes(SIZES), [counted], options())


@pytest.mark.parametrize("workers", [0, 1])
def test_memory_exhausted_by_reading_says_what_to_do(workers: int) -> None:
    class Huge(Scenes):
        def __getitem__(self, index: int) -> dict[str, Any]:
            raise MemoryError

    with pytest.raises(ConfigError, match=r"Out of memory: .* fewer --workers") as caught:
        run_pass(network(), Huge(SIZES), [], options(workers=workers))
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("window", [None, SlidingWindow(14)])
def test_a_network_that_predicts_nan_is_refused_before_anything_counts_it(window: SlidingWindow | None) -> None:
    """A NaN is the largest class of all to ``max``: every measurement would take it for a prediction."""
    forwards: list[int] = []

    class Diverging(Linear):
        def forward(self, images: Tensor) -> Tensor:
            forwards.append(1)
            return super().forward(images) * (float("nan") if len(forwards) > 1 else 1)

    seen: list[str] = []
    with pytest.raises(CheckpointError, match=r"predicts NaN for 1,"):
        run_pass(
            WrappedModule(Diverging(), CLASSES),
            Scenes([(14, 14), (20, 30)]),
            [lambda batch: seen.extend(batch.names)],
            options(window=window, batch_size=2),
        )
    assert seen == ["0"]


class Borrowed(WrappedModule):
    """Says that it lies where nothing is computed, and remembers where it is sent."""

    def __init__(self) -> None:
        super().__init__(Linear(), CLASSES)
        self.sent: list[torch.device] = []

    def parameters(self, recurse: bool = True) -> Any:
        return iter([nn.Parameter(torch.empty(1, device="meta"))])

    def to(self, *places: Any, **_: Any) -> "Borrowed":
        self.sent.extend(places)
        return self


def test_a_network_is_on_the_device_only_as_long_as_the_pass() -> None:
    """Networks measured one after the other must not fill it; also where a pass is broken off."""

    def stop(batch: PredictedBatch) -> None:
        raise DataError("enough")

    there_and_back = [torch.device("cpu"), torch.device("meta")]
    model = Borrowed()
    run_pass(model, Scenes([(20, 30)]), [], options())
    assert model.sent == there_and_back
    with pytest.raises(DataError):
        run_pass(model, Scenes([(20, 30)]), [stop], options())
    assert model.sent == there_and_back * 2


PROBE = """
import re, sys
from pathlib import Path
import torch
from tests.pixcon_diag.passes.test_run import CLASSES, Contamination, Scenes, network, options, run_pass

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

def measure(images):
    metric = Contamination(CLASSES, void=255)
    consume = lambda batch: metric.update(batch.confidence, batch.prediction, batch.target)
    run_pass(network(), Scenes([(280, 280)] * images), [consume], options())
    assert metric.compute().at(0.95).overall.pixels > 0
    return peak()

torch.set_num_threads(1)
few = measure(4)
print(measure(28) - few)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from Linux's /proc")
def test_peak_memory_does_not_grow_with_the_number_of_images() -> None:
    """24 images more, whose probabilities alone would take 29 MiB and one byte a pixel 1.8 MiB."""
    # Blocks above 64 KiB are given back at once, so that the peak is what is in use and not what lies idle.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=Path(__file__).parents[3],
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.5


@pytest.mark.parametrize("after", [0, 3])
def test_a_dead_loader_worker_is_one_message(after: int) -> None:
    """Killed while the first batch is awaited, and between two batches."""

    def kill(done: int, total: int) -> None:
        if done >= after:
            for process in multiprocessing.active_children():
                process.kill()

    handler = signal.getsignal(signal.SIGCHLD)
    try:
        with pytest.raises(WorkerError, match=r"DataLoader worker .* fewer --workers"):
            run_pass(network(), Scenes([(8, 8)] * 200), [lambda _: kill(after, 0)], options(workers=1), kill)
    finally:
        signal.signal(signal.SIGCHLD, handler)


def test_devices_are_chosen_or_refused() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device(None) == choose_device("auto")
    with pytest.raises(ConfigError, match=r"Device 'gpu7' cannot be used here .* --device auto"):
        choose_device("gpu7")
