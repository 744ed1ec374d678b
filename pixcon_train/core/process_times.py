"""Whether a process is still the one that was started: its number may be another's by now."""

import os
from pathlib import Path

from pixcon_train.core.files import is_running, read_bytes

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def start_time(pid: int) -> str | None:
    """The moment at which the process ``pid`` was started, as text that no other process of this number has.

    None where it has ended (a zombie has) or where the system does not say.
    """
    try:
        # The program's name, in parentheses, may hold spaces and parentheses.
        fields = read_bytes(Path(f"/proc/{pid}/stat"), 4096).rpartition(b")")[2].split()
        boot = read_bytes(_BOOT, 100).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return None if fields[0] in (b"Z", b"X") else f"{boot} {int(fields[19])}"


def goes_on(pid: int, started: str | None) -> bool:
    """Whether the process ``pid`` that was started at ``started`` goes on."""
    if started is None or not os.access(_BOOT, os.R_OK):
        return is_running(pid)
    return start_time(pid) == started
