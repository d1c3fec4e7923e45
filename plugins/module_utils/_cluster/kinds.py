# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds we work with: where the API server serves them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A served resource. group is empty for the core API."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """As RBAC and Velero name it: `virtualmachines.kubevirt.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        middle = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{middle}/{self.plural}" + (f"/{name}" if name else "")


NAMESPACE = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
NODE = Kind("", "v1", "nodes", "Node", namespaced=False)
POD = Kind("", "v1", "pods", "Pod")
PV = Kind("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
PVC = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
SECRET = Kind("", "v1", "secrets", "Secret")
EVENT = Kind("", "v1", "events", "Event")
CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap")
SERVICE = Kind("", "v1", "services", "Service")
RESOURCE_QUOTA = Kind("", "v1", "resourcequotas", "ResourceQuota")
SERVICE_ACCOUNT = Kind("", "v1", "serviceaccounts", "ServiceAccount")
DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment")
STATEFUL_SET = Kind("apps", "v1", "statefulsets", "StatefulSet")
DAEMON_SET = Kind("apps", "v1", "daemonsets", "DaemonSet")
CRON_JOB = Kind("batch", "v1", "cronjobs", "CronJob")
JOB = Kind("batch", "v1", "jobs", "Job")
CONTROLLER_REVISION = Kind("apps", "v1", "controllerrevisions", "ControllerRevision")
VOLUME_ATTACHMENT = Kind("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", namespaced=False)
STORAGE_CLASS = Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False)
VOLUME_SNAPSHOT = Kind("snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot")
VOLUME_SNAPSHOT_CLASS = Kind(
    "snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass", namespaced=False
)
ACCESS_REVIEW = Kind(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)
LEASE = Kind("coordination.k8s.io", "v1", "leases", "Lease")
CRD = Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
ADMISSION_POLICY = Kind(
    "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", namespaced=False
)
ADMISSION_BINDING = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    namespaced=False,
)
CSI_NODE = Kind("storage.k8s.io", "v1", "csinodes", "CSINode", namespaced=False)
MACHINE_AUTOSCALER = Kind("autoscaling.openshift.io", "v1beta1", "machineautoscalers", "MachineAutoscaler")
KUBEVIRT = Kind("kubevirt.io", "v1", "kubevirts", "KubeVirt")
VM = Kind("kubevirt.io", "v1", "virtualmachines", "VirtualMachine")
VMI = Kind("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance")
INSTANCETYPE = Kind("instancetype.kubevirt.io", "v1beta1", "virtualmachineinstancetypes", "VirtualMachineInstancetype")
PREFERENCE = Kind("instancetype.kubevirt.io", "v1beta1", "virtualmachinepreferences", "VirtualMachinePreference")
VM_SNAPSHOT = Kind("snapshot.kubevirt.io", "v1beta1", "virtualmachinesnapshots", "VirtualMachineSnapshot")
VM_SNAPSHOT_CONTENT = Kind(
    "snapshot.kubevirt.io", "v1beta1", "virtualmachinesnapshotcontents", "VirtualMachineSnapshotContent"
)
CLUSTER_INSTANCETYPE = Kind(
    "instancetype.kubevirt.io",
    "v1beta1",
    "virtualmachineclusterinstancetypes",
    "VirtualMachineClusterInstancetype",
    namespaced=False,
)
CLUSTER_PREFERENCE = Kind(
    "instancetype.kubevirt.io",
    "v1beta1",
    "virtualmachineclusterpreferences",
    "VirtualMachineClusterPreference",
    namespaced=False,
)
NETWORK_POLICY = Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
DATA_VOLUME = Kind("cdi.kubevirt.io", "v1beta1", "datavolumes", "DataVolume")
STORAGE_PROFILE = Kind("cdi.kubevirt.io", "v1beta1", "storageprofiles", "StorageProfile", namespaced=False)
ATTACHMENT_DEFINITION = Kind("k8s.cni.cncf.io", "v1", "network-attachment-definitions", "NetworkAttachmentDefinition")
INGRESS = Kind("networking.k8s.io", "v1", "ingresses", "Ingress")
ROUTE = Kind("route.openshift.io", "v1", "routes", "Route")
BACKUP = Kind("velero.io", "v1", "backups", "Backup")
DELETE_BACKUP_REQUEST = Kind("velero.io", "v1", "deletebackuprequests", "DeleteBackupRequest")
RESTORE = Kind("velero.io", "v1", "restores", "Restore")
SCHEDULE = Kind("velero.io", "v1", "schedules", "Schedule")
DOWNLOAD_REQUEST = Kind("velero.io", "v1", "downloadrequests", "DownloadRequest")
STORAGE_LOCATION = Kind("velero.io", "v1", "backupstoragelocations", "BackupStorageLocation")
APPLICATION = Kind("argoproj.io", "v1alpha1", "applications", "Application")
DATA_PROTECTION_APPLICATION = Kind(
    "oadp.openshift.io", "v1alpha1", "dataprotectionapplications", "DataProtectionApplication"
)
CLUSTER_SERVICE_VERSION = Kind("operators.coreos.com", "v1alpha1", "clusterserviceversions", "ClusterServiceVersion")
VOLUME_REPLICATION = Kind("replication.storage.openshift.io", "v1alpha1", "volumereplications", "VolumeReplication")
VOLUME_REPLICATION_CLASS = Kind(
    "replication.storage.openshift.io",
    "v1alpha1",
    "volumereplicationclasses",
    "VolumeReplicationClass",
    namespaced=False,
)
VOLUME_GROUP_REPLICATION = Kind(
    "replication.storage.openshift.io", "v1alpha1", "volumegroupreplications", "VolumeGroupReplication"
)
VOLUME_GROUP_REPLICATION_CLASS = Kind(
    "replication.storage.openshift.io",
    "v1alpha1",
    "volumegroupreplicationclasses",
    "VolumeGroupReplicationClass",
    namespaced=False,
)
NETWORK_FENCE = Kind("csiaddons.openshift.io", "v1alpha1", "networkfences", "NetworkFence", namespaced=False)
NETWORK_FENCE_CLASS = Kind(
    "csiaddons.openshift.io", "v1alpha1", "networkfenceclasses", "NetworkFenceClass", namespaced=False
)
DELL_REPLICATION_GROUP = Kind(
    "replication.storage.dell.com", "v1", "dellcsireplicationgroups", "DellCSIReplicationGroup", namespaced=False
)
REPLICATION_SOURCE = Kind("volsync.backube", "v1alpha1", "replicationsources", "ReplicationSource")
REPLICATION_DESTINATION = Kind("volsync.backube", "v1alpha1", "replicationdestinations", "ReplicationDestination")
TRIDENT_MIRROR_RELATIONSHIP = Kind("trident.netapp.io", "v1", "tridentmirrorrelationships", "TridentMirrorRelationship")
TRIDENT_ACTION_MIRROR_UPDATE = Kind(
    "trident.netapp.io", "v1", "tridentactionmirrorupdates", "TridentActionMirrorUpdate"
)
DR_PLACEMENT_CONTROL = Kind("ramendr.openshift.io", "v1alpha1", "drplacementcontrols", "DRPlacementControl")
RAMEN_VOLUME_GROUP = Kind("ramendr.openshift.io", "v1alpha1", "volumereplicationgroups", "VolumeReplicationGroup")
MIGRATION_SCHEDULE = Kind("stork.libopenstorage.org", "v1alpha1", "migrationschedules", "MigrationSchedule")
MIGRATION = Kind("stork.libopenstorage.org", "v1alpha1", "migrations", "Migration")
STORK_ACTION = Kind("stork.libopenstorage.org", "v1alpha1", "actions", "Action")
HITACHI_REPLICATION = Kind("hspc.hitachi.com", "v1", "replications", "Replication")
HITACHI_REPLICATION_GROUP = Kind("hspc.hitachi.com", "v1", "replicationgroups", "ReplicationGroup")
