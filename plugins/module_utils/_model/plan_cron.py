# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules in cron syntax, as Velero reads them (its parser is robfig/cron's standard one)."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY = re.compile(r"@every ([0-9]+h)?([0-9]+m)?([0-9]+s)?")
_ZONE = re.compile(r"(?:CRON_)?TZ=[A-Za-z0-9_+/-]+ +")


def check_cron(text: str) -> str:
    """The schedule itself; ValueError says what is wrong with it."""
    schedule = _ZONE.sub("", text, count=1) if _ZONE.match(text) else text
    if schedule.startswith("@"):
        if schedule in _DESCRIPTORS or (_EVERY.fullmatch(schedule) and schedule.removeprefix("@every ")):
            return text
        raise ValueError(f"unknown schedule {schedule[:40]}; wanted one of {', '.join(_DESCRIPTORS)} or @every 1h30m")
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        names = ", ".join(field[0] for field in _FIELDS)
        raise ValueError(f"a cron schedule has five fields ({names}), got {len(fields)}")
    for given, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for part in given.split(","):
            _check_part(part, name, low, high, words)
    return text


def _check_part(part: str, name: str, low: int, high: int, words: tuple[str, ...]) -> None:
    span, slash, step = part.partition("/")
    if slash and not re.fullmatch("0*[1-9][0-9]{0,3}", step):
        raise ValueError(f"{name}: the step {step[:20]!r} is not a whole number of at least 1")
    if span in ("*", "?"):
        return
    first, dash, last = span.partition("-")
    begin = _number(first, name, low, high, words)
    if dash and _number(last, name, low, high, words) < begin:
        raise ValueError(f"{name}: the range {span} ends before it begins")


def _number(text: str, name: str, low: int, high: int, words: tuple[str, ...]) -> int:
    if text.lower() in words:
        return words.index(text.lower()) + low
    if re.fullmatch("[0-9]{1,4}", text) and low <= int(text) <= high:
        return int(text)
    also = f" or {words[0]} to {words[-1]}" if words else ""
    sunday = "; Sunday is 0" if words is _DAYS else ""
    raise ValueError(f"{name}: {text[:20]!r} is not {low} to {high}{also}{sunday}")
