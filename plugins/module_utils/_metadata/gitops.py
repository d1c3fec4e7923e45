# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Git owns the manifests, and Argo CD or something else brings them to both sites; volumes are made from the record."""

from __future__ import annotations

from .record import RecordSource


class GitopsSource(RecordSource):
    """Claims and volumes are patched from the record, as from any capture; applied by us, or committed to Git."""

    brought_by = "Git"
    bring_it = "sync it there by hand, as the automated sync is paused"
