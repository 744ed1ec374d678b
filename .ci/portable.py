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
    "tests/pixcon_diag/checkpoints",
    # These are about signals, files and text, and train as the others do.
    *(
        f"--ignore=tests/pixcon_train/test_{name}.py"
        for name in ("signals", "kill", "sweep", "sweep_runs", "interruption")
    ),
]
"""The part of the suite whose numbers come from networks; logs, reports, figures and commands only show them."""


def main(arguments: list[str]) -> int:
    """0 if the tests pass under every setting."""
    tests = arguments or TESTS
    rows = [(name, *run(tests, variables)) for name, variables in SETTINGS.items()]
    print(f"\n{'setting':36}{'minutes':>8}  result")
    for name, _, seconds, summary in rows:
        print(f"{name:36}{seconds / 60:8.1f}  {summary}")
    return int(any(code for _, code, _, _ in rows))


def run(tests: list[str], variables: dict[str, str]) -> tuple[int, float, str]:
    """Exit code of the tests, seconds they took, and pytest's last line."""
    print("\n" + " ".join(f"{name}={value}" for name, value in variables.items()), flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, text=True)
    last = ""
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    code = process.wait()
    return code, time.monotonic() - started, re.sub(r" in [\d.]+s.*", "", last)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
