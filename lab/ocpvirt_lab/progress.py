"""What a person sees while the lab works: one line per change, with the elapsed time."""

from __future__ import annotations

import sys
import threading
import time


class Progress:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def say(self, subject: str, message: str) -> None:
        elapsed = time.monotonic() - self._began
        with self._lock:
            print(f"{elapsed:7.1f}s  {subject:<12} {message}", file=sys.stderr, flush=True)
