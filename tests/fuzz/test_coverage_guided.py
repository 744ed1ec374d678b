"""What is fuzzed by coverage reads random and damaged bytes; atheris itself is not needed."""

from pathlib import Path
from random import Random

import pytest

from tests.fuzz import event_files
from tests.fuzz.case import mutated
from tests.fuzz.checkpoint_files import good
from tests.fuzz.coverage_guided import TARGETS, attempt


@pytest.mark.parametrize("target", TARGETS)
def test_random_and_damaged_bytes_are_read_or_refused(target: str, tmp_path: Path) -> None:
    generator = Random(0)
    seeds = {
        "pickle": b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00b](K\x02K\x03eu.",
        "safetensors": b'{"a":{"dtype":"F32","shape":[4,4],"data_offsets":[0,64]}}',
        "weights": good("bare.pth")[0] if target == "weights" else b"",
        "events": b"".join(map(event_files.record, event_files._events())),
        "texts": b'{"event": "epoch", "epoch": 1}\nseed: 1\n',
    }
    attempt(target, seeds[target], tmp_path)
    for _ in range(5 if target in ("weights", "texts") else 60):
        attempt(target, generator.randbytes(generator.randrange(99)), tmp_path)
        attempt(target, mutated(seeds[target], generator), tmp_path)
