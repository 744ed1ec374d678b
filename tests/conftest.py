"""Fixtures shared by every test: the reference material beside the checkout, and the rule that rebuilds its weights."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads must not spin where tests share the cores

import torch

# The same examples on every machine, however slow it is; --hypothesis-profile=default draws others.
settings.register_profile("fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fixed")

REFERENCE = Path(os.environ.get("PIXCON_REFERENCE", Path(__file__).parents[2] / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `reference`, saying so, where the reference material is missing."""
    if REFERENCE.is_dir():
        return
    skip = pytest.mark.skip(reason=f"no reference material at {REFERENCE} (set PIXCON_REFERENCE)")
    for item in items:
        if "reference" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for the session, shared by its worker processes; the user's own is neither read nor written."""
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIXCON_CACHE", str((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell starts background jobs with Ctrl-C switched off, and so would be every process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _few_threads() -> None:
    """One thread, since tensors here are tiny and waiting threads spin; two in `make test-portable`."""
    torch.set_num_threads(int(os.environ.get("PIXCON_TEST_THREADS", "1")))


@pytest.fixture(scope="session", autouse=True)
def _hang_ups_are_heard() -> Iterator[None]:
    """A SIGHUP acts as in a terminal, in processes that tests start too, even where `nohup` runs the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session", autouse=True)
def _coarse_figures() -> Iterator[None]:
    """PNGs at a quarter of the resolution: what is drawn does not depend on it, and the time does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pixcon_figures.drawing.PNG_DPI", 50)
        yield


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder with golden/, data/ and logs/; only for tests marked `reference`."""
    return REFERENCE


@pytest.fixture(scope="session")
def golden(reference: Path) -> dict[str, np.ndarray]:
    """The reference arrays by name."""
    with np.load(reference / "golden/reference_values.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All arithmetic in float64, also where the code asks for float32: then processors differ by 1e-15, not by 1e-7."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    yield
    torch.set_default_dtype(before)
