# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to runs beside kills, as the tally calls it; the full suite has to have done all of it."""

from __future__ import annotations

SOURCE_API = "API server of the source restarted"
TARGET_API = "API server of the target restarted"
OBJECT_STORE = "S3 gone"
STORAGE_LINK = "storage link cut in the final sync"
SOURCE_CUT_OFF = "source cut off"
TARGET_CUT_OFF = "target cut off"
FULL_TARGET = "target out of capacity"
SAME_WAY = "two operators, same direction"
OPPOSITE_WAYS = "two operators, opposite directions"
RECORD_DELETED = "record deleted"
RECORD_EDITED = "record edited"
CLOCK_AHEAD = "clock five minutes ahead"
CLOCK_BEHIND = "clock five minutes behind"
# of a failover the source is lost: nothing more can become of it
WANTED = {
    "failover": (TARGET_API, OBJECT_STORE, FULL_TARGET, SAME_WAY, RECORD_DELETED, RECORD_EDITED),
    "relocate": (
        *(SOURCE_API, TARGET_API, OBJECT_STORE, STORAGE_LINK, SOURCE_CUT_OFF, TARGET_CUT_OFF, FULL_TARGET),
        *(SAME_WAY, OPPOSITE_WAYS, RECORD_DELETED, RECORD_EDITED, CLOCK_AHEAD, CLOCK_BEHIND),
    ),
    "failback": (SOURCE_API, TARGET_API, OBJECT_STORE),
}


def in_operation(fault: str, operation: str) -> str:
    return f"{fault} in {operation}"


EVERY = tuple(in_operation(fault, operation) for operation, faults in WANTED.items() for fault in faults)
