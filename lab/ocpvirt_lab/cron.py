"""A double of cron: runs the entries of a cron.d every few seconds, whatever their time fields say.

    python -m ocpvirt_lab.cron FOLDER SECONDS

An entry runs beside the others and beside its own earlier runs, by `sh` and with cron's PATH, as under cron. Standard
library only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

# cron ignores other names
NAME = re.compile(r"[A-Za-z0-9_-]+")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
# five of time, the user, the command
FIELDS = 7


def commands(folder: Path) -> list[str]:
    found = []
    for file in sorted(folder.iterdir()):
        if NAME.fullmatch(file.name):
            lines = [line.split(maxsplit=FIELDS - 1) for line in file.read_text().splitlines()]
            found += [fields[-1] for fields in lines if len(fields) == FIELDS and not fields[0].startswith("#")]
    return found


def main() -> None:
    folder, pause = Path(sys.argv[1]), float(sys.argv[2])
    running: list[subprocess.Popen[bytes]] = []
    while True:
        running = [process for process in running if process.poll() is None]
        try:
            due = commands(folder)
        except FileNotFoundError:  # an entry that was just removed
            due = []
        running += [
            subprocess.Popen(["sh", "-c", command], env=ENVIRONMENT, stdin=subprocess.DEVNULL) for command in due
        ]
        time.sleep(pause)


if __name__ == "__main__":
    main()
