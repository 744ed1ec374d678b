"""Exhausted memory, however it is reported."""

import errno

import numpy as np
import pytest
import torch

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.exhausted_memory import explain_out_of_memory, out_of_memory


def allocated_by_torch() -> None:
    torch.empty(1 << 60, dtype=torch.uint8)


def allocated_by_numpy() -> None:
    np.empty(1 << 60, dtype=np.uint8)


def allocated_by_python() -> None:
    bytearray(1 << 60)


def out_on_an_accelerator() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of")


def out_in_a_worker() -> None:
    raise MemoryError("Caught MemoryError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):")


def out_in_a_convolution() -> None:
    raise RuntimeError("could not create a primitive")


def out_for_a_library_of_an_accelerator() -> None:
    raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


def out_for_a_new_process() -> None:
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


@pytest.mark.parametrize(
    ("fail", "reason"),
    [
        (allocated_by_torch, "DefaultCPUAllocator: "),
        (allocated_by_numpy, "Unable to allocate 1.00 EiB"),
        (allocated_by_python, "the machine has no more memory"),
        (out_on_an_accelerator, "CUDA out of memory. Lower"),
        (out_in_a_worker, "Caught MemoryError in DataLoader worker process 0. Lower"),
        (out_in_a_convolution, "could not create a primitive. Lower"),
        (out_for_a_library_of_an_accelerator, "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"),
        (out_for_a_new_process, "Cannot allocate memory"),
    ],
)
def test_every_kind_is_one_message_with_its_reason_and_remedy(fail, reason: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError) as caught, explain_out_of_memory(lambda: "Lower something."):
        fail()
    text = str(caught.value)
    assert text.startswith("Out of memory: ") and reason in text and text.endswith(". Lower something.")
    assert "Traceback" not in text and "\n" not in text


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("something else"),
        OSError(errno.ENOSPC, "No space left"),
        ValueError("out of memory"),
        RuntimeError(),
    ],
)
def test_other_errors_pass(error: Exception) -> None:
    assert out_of_memory(error) is None
    with pytest.raises(type(error)) as caught, explain_out_of_memory(lambda: "Lower something."):
        raise error
    assert caught.value is error
