# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NetworkFence is asked for, and whether the driver has done it."""

from __future__ import annotations

from typing import Literal

from ..._cluster.api import Api
from ..._cluster.kinds import NETWORK_FENCE
from ..._cluster.waiting import wait_for
from ..._errors import TerminalState
from ..site_handle import SiteHandle
from ..sure_writes import patch_surely
from .objects import fence_patch
from .status import FENCE_ASKED, FENCE_MESSAGE, FENCE_RESULT

State = Literal["Fenced", "Unfenced"]
# the status has no generation: of a state that was just asked for, only the message tells it from the one before
DONE: dict[State, str] = {"Fenced": "fencing operation successful", "Unfenced": "unfencing operation successful"}
OTHER: dict[State, State] = {"Fenced": "Unfenced", "Unfenced": "Fenced"}
NEVER_RETRIED = "Failed to validate"
HINT: dict[State, str] = {
    "Fenced": "look at the csi-addons manager's log and the driver, then start again",
    "Unfenced": "look at the csi-addons manager's log and the driver, then start again; if the driver has never fenced "
    "these addresses, delete the NetworkFence",
}


def ask(api: Api, name: str, state: State) -> None:
    patch_surely(api, NETWORK_FENCE, name, None, fence_patch(state))


def await_state(survivor: SiteHandle, name: str, state: State, lost: str, seconds: float) -> None:
    on = f"NetworkFence/{name}"
    tried = f"bring the fence of {lost} to {state}"

    def look() -> tuple[bool, str]:
        found = survivor.api.get(NETWORK_FENCE, name)
        result, message = FENCE_RESULT.read(found), FENCE_MESSAGE.read(found) or ""
        seen = f"asked for {FENCE_ASKED.read(found)}, result {result or 'none yet'}: {message}"
        if result == "Failed" and message.startswith(NEVER_RETRIED):
            raise TerminalState(tried, site=survivor.name, on=on, seen=seen, next_step="correct options.fence")
        done = FENCE_ASKED.read(found) == state and result == "Succeeded" and message != DONE[OTHER[state]]
        return done, seen

    wait_for(survivor.api.clock, seconds, look, tried, survivor.name, on, HINT[state])


def remove(survivor: SiteHandle, name: str, lost: str, seconds: float) -> None:
    survivor.api.delete(NETWORK_FENCE, name)
    wait_for(
        survivor.api.clock,
        seconds,
        lambda: (survivor.api.find(NETWORK_FENCE, name) is None, "still there"),
        f"delete the fence of {lost}",
        survivor.name,
        f"NetworkFence/{name}",
    )
