# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a command that ended without an answer of the agent has not reached it. Pure."""

from __future__ import annotations

import re

from ..command import Answer

# ssh's own failure
SSH_FAILED = 255
ALARMED = (-14, 128 + 14)
# Of kubectl and oc, which say everything with this one: no pod, no right, and no API server. Only their texts differ.
KUBECTL_FAILED = 1
UNREACHED = re.compile(
    r"unable to connect to the server|connection to the server .* was refused|connection refused|no route to host"
    r"|i/o timeout|tls handshake timeout|the server is currently unable|\bEOF$",
    re.IGNORECASE | re.MULTILINE,
)
# a server that answers with another certificate than ours will not change its mind
ANSWERED = "x509:"


def is_unreached(done: Answer) -> bool:
    if done.code in (SSH_FAILED, *ALARMED):
        return True
    said = done.stderr.decode(errors="replace")
    return done.code == KUBECTL_FAILED and ANSWERED not in said and UNREACHED.search(said) is not None
