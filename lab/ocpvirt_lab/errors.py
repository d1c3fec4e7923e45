from __future__ import annotations


class LabError(Exception):
    """Something a person must know: the message says what was tried, what was seen and what to do next."""
