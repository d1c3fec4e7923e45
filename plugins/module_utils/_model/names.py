# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels and annotations that the collection writes or reads."""

from __future__ import annotations

PREFIX = "dr.ocpvirt.io"

# whose fields the API server has it that ours are
FIELD_MANAGER = "ocpvirt-dr"
# where at a site the run store is by default, and always what all plans of the site share
SITE_NAMESPACE = "ocpvirt-dr"

PRIORITY = f"{PREFIX}/priority"
# blocking: what is named has to be ready; ordering only: its start has to be over, whether it is ready or not
DEPENDS_ON = f"{PREFIX}/depends-on"
START_AFTER = f"{PREFIX}/start-after"
START = f"{PREFIX}/start"
READINESS = f"{PREFIX}/readiness"

# on a VM or workload that we stopped: what it was before, to give back at start (P7)
RECORDED = f"{PREFIX}/recorded"
# in the nodeSelector of a DaemonSet that we stopped: no node has this label
STOPPED = f"{PREFIX}/stopped"
# on a PV: the reclaim policy that protect replaced by Retain
RECLAIM_POLICY = f"{PREFIX}/reclaim-policy"
# on an Application of Argo CD: its automated sync, which is given back when the plan runs there
PAUSED_SYNC = f"{PREFIX}/paused-sync"
# on a VirtualMachinePool: its spec.paused as it was before we stopped its VMs
PAUSED_POOL = f"{PREFIX}/paused-pool"
# on what we created at a target: the run that did
CREATED_BY = f"{PREFIX}/created-by-run"
# on a VM or workload that we brought to a capture, and that was at that site before us
ADOPTED = f"{PREFIX}/adopted"
# KubeVirt's, on a VM: its DataVolumes are not made before it is started
NO_IMPORT = "kubevirt.io/immediate-data-volume-creation"
# on a snapshot and on a claim cloned from it: the plan, the recovery point, and on the clone the claim it was made of
RECOVERY_POINT_OF = f"{PREFIX}/recovery-point-of-plan"
RECOVERY_POINT = f"{PREFIX}/recovery-point"
CLONE_OF = f"{PREFIX}/clone-of"
# annotation of a clone: what it was made of, and with what
CLONE = f"{PREFIX}/clone"
# annotation of a clone that is about to be deleted
REMOVED = f"{PREFIX}/clone-removed"
# annotation of a claim whose volume was such a clone before a failover took it up: the recovery point
RECOVERED_FROM = f"{PREFIX}/recovered-from"
# label of the claim that has had the newest copy since then, and the clone's name: the recovery point
SET_ASIDE = f"{PREFIX}/set-aside"
# a label in what we committed to Git: the plan whose file it is, and may be changed or removed by us
COMMITTED = f"{PREFIX}/committed-by-plan"
# on a capture that lacks something
INCOMPLETE = f"{PREFIX}/incomplete"
PLAN = f"{PREFIX}/capture-of-plan"
SITE = f"{PREFIX}/capture-of-site"

# an environment variable that the playbooks set: the folder in which the command was started
STARTED_IN = "OCPVIRT_DR_STARTED_IN"


def protected_label(plan: str) -> str:
    """The label that marks everything a plan protects; one per plan, since an object may belong to several."""
    return f"protected.{PREFIX}/{plan}"


def rehearsal_label(plan: str) -> str:
    """The label of all that a rehearsal of the plan made; never together with the one above."""
    return f"rehearsal.{PREFIX}/{plan}"
