# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about an answer of the API server that repetition cannot change."""

from __future__ import annotations

# Kubernetes answers 403 for more than missing rights, and says which only in words
_FORBIDDEN = {
    "exceeded quota": "raise that ResourceQuota, or free what it counts, then start again",
    "failed quota": "raise that ResourceQuota, or give the object what it wants to count, then start again",
    "usage per PersistentVolumeClaim is": "change the LimitRange of the namespace, then start again",
    "because it is being terminated": "the namespace is being deleted: wait until it is gone, then start again",
}
_BY_STATUS = {
    401: "the credentials are wrong or expired: renew the token or certificate",
    403: "grant the right: docs/rbac.md lists what each playbook needs",
}


def next_step_after(status: int, message: str) -> str | None:
    if status == 500 and "failed calling webhook" in message:
        return "an admission webhook does not answer: bring its service back, or remove its configuration"
    if status in (400, 422) and "unknown field" in message:
        return "the definition that is installed there does not know it: update the product there, or correct the plan"
    if status == 403:
        for words, remedy in _FORBIDDEN.items():
            if words in message:
                return remedy
    return _BY_STATUS.get(status)
