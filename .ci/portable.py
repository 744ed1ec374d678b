"""Run the tests that compute with PyTorch as other processors would, and print one table.

``.venv/bin/python .ci/portable.py [PYTEST ARGUMENTS]``. PyTorch and oneDNN choose their code by what the processor can
do; environment variables make them choose as on lesser ones. The lowest setting, without vector instructions, is the
nearest to a processor of another kind, such as an Arm one, that an x86-64 one can give.
"""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LOWEST = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}
SETTINGS: dict[str, dict[str, str]] = {
    "no vector instructions": LOWEST,
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "oneDNN alone AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "2 threads": {"PIXCON_TEST_THREADS": "2"},
    "2 threads, no vector instructions": LOWEST | {"PIXCON_TEST_THREADS": "2"},
}
"""Environment variables by name; one thread where it is not said."""

TESTS = [
    "tests/pixcon_train",
    "tests/pixcon_diag/measures",
    "tests/pixcon_diag/passes",
    "tests/pixcon_diag/cache",
    "tests/pixcon_diag/analyses",
    "tests/pixcon_diag/checkpoints",
    "tests/pixcon_diag/test_naive.py",
    "tests/test_without_float64.py",
    # These are about signals, files and text, and train as the others do.
    *(
        f"--ignore=tests/pixcon_train/{name}"
        for name in ("core/test_signal_handling.py", "core/test_signals.py", "engine/test_kill.py", "sweeps")
    ),
]
"""The part of the suite whose numbers come from networks; logs, reports, figures and commands only show them."""


def main(arguments: list[str]) -> int:
    """0 if the tests pass under every setting. Two settings run side by side."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda setting: run(*setting, arguments or TESTS), SETTINGS.items()))
    print(f"\n{'setting':36}{'minutes':>8}  result")
    for name, (_, seconds, summary) in zip(SETTINGS, results, strict=True):
        print(f"{name:36}{seconds / 60:8.1f}  {summary}")
    return int(any(code for code, _, _ in results))


def run(name: str, variables: dict[str, str], tests: list[str]) -> tuple[int, float, str]:
    """Exit code of the tests, seconds they took, and pytest's last line."""
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True)
    seconds, output = time.monotonic() - started, (done.stdout + done.stderr).strip()
    shown = output if done.returncode else output.rsplit("\n", 1)[-1]
    print(f"{name}: {' '.join(f'{key}={value}' for key, value in variables.items())}\n{shown}", flush=True)
    return done.returncode, seconds, re.sub(r" in [\d.]+s.*", "", output.rsplit("\n", 1)[-1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
