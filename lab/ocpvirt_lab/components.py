"""What the lab is made of: Go modules under lab/components, the binaries each yields, and their pins."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ocpvirt_lab.state import CEPH

SITE_CEPH = "site-ceph"
"""The site's program with what opens RBD images."""
CSI_ADDONS = "csiaddons"
COMPONENTS_DIR = Path(__file__).resolve().parent.parent / "components"


@dataclass(frozen=True)
class Component:
    name: str
    binaries: dict[str, str]
    """Path below the component's bin folder -> Go package."""
    variables: dict[str, str] = field(default_factory=dict)
    """Linker variables (-X): package.name -> value."""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Path below the component's bin folder -> Go module and a file in it."""
    optional: bool = False
    """Built only by name, or for a lab that needs it."""
    module: str = ""
    """Its folder below lab/components, where that is not its name."""
    tags: tuple[str, ...] = ()
    """Build tags. With any, C libraries are linked."""

    @property
    def module_dir(self) -> Path:
        return COMPONENTS_DIR / (self.module or self.name)


def pinned(component: str, module: str) -> str:
    """The version of a Go module that a component's go.mod pins."""
    text = (COMPONENTS_DIR / component / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)", text, re.MULTILINE)
    if not found:
        raise LookupError(f"{component}/go.mod does not pin {module}")
    return found[1]


def _kubernetes() -> Component:
    version = pinned("kubernetes", "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".", 2)
    return Component(
        "kubernetes",
        {
            "etcd": "go.etcd.io/etcd/server/v3",
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
        },
        {
            "k8s.io/component-base/version.gitVersion": version,
            "k8s.io/component-base/version.gitMajor": major,
            "k8s.io/component-base/version.gitMinor": minor,
        },
    )


def _velero() -> Component:
    return Component(
        "velero",
        {
            "velero": "github.com/vmware-tanzu/velero/cmd/velero",
            # Velero runs whatever lies in its plug-in folder, so the plug-in has one of its own
            "plugins/velero-plugin-for-aws": "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws",
        },
        {"github.com/vmware-tanzu/velero/pkg/buildinfo.Version": pinned("velero", "github.com/vmware-tanzu/velero")},
    )


def _csi_addons() -> Component:
    module = "github.com/csi-addons/kubernetes-csi-addons"
    return Component(
        CSI_ADDONS,
        {"csi-addons-manager": f"{module}/cmd/manager", "csi-addons-sidecar": f"{module}/sidecar"},
        files={"csi-addons-crds.yaml": (module, "deploy/controller/crds.yaml")},
        optional=True,
    )


def catalog() -> dict[str, Component]:
    components = [
        _kubernetes(),
        Component(
            "kubevirt",
            {
                "virt-api": "kubevirt.io/kubevirt/cmd/virt-api",
                "virt-controller": "kubevirt.io/kubevirt/cmd/virt-controller",
                "manifests": "./manifests",
            },
        ),
        Component("kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
        _velero(),
        Component("s3", {"versitygw": "github.com/versity/versitygw/cmd/versitygw"}),
        Component("site", {"site": "."}),
        _csi_addons(),
        Component(SITE_CEPH, {SITE_CEPH: "."}, module="site", tags=("ceph",)),
    ]
    return {component.name: component for component in components}


def needed(storage: str, *, csi_addons: bool = False) -> list[str]:
    """Components of a lab with this storage."""
    absent = {SITE_CEPH} if storage != CEPH else set()
    if not csi_addons:
        absent.add(CSI_ADDONS)
    return [name for name in catalog() if name not in absent]
