"""What the kernel gives a user for all labs together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

NAME = "fs.inotify.max_user_instances"
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
# a lab takes up to 30: four of them side by side use up the 128 that Linux gives, and then virt-api ends
ENOUGH = 1024


def raise_inotify(say: Callable[[str], None], file: Path = INSTANCES) -> None:
    """Where we may; else say what to do, as one lab alone can do with less."""
    found = int(file.read_text())
    if found >= ENOUGH:
        return
    try:
        file.write_text(f"{ENOUGH}\n")
    except OSError:
        say(f"{NAME} is {found}: several labs at once need `sysctl -w {NAME}={ENOUGH}`")
        return
    say(f"{NAME} is {ENOUGH} now, it was {found}: several labs need more")
