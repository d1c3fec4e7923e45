// Command manifests prints what virt-operator would install of KubeVirt's API, as JSON, one object a line:
// the CustomResourceDefinitions, and virt-api's webhook configurations with URLs in place of a Service, because
// in the lab virt-api runs outside the cluster.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"os"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

var crds = []func() (*extv1.CustomResourceDefinition, error){
	components.NewVirtualMachineInstanceCrd,
	components.NewVirtualMachineCrd,
	components.NewPresetCrd,
	components.NewReplicaSetCrd,
	components.NewVirtualMachineInstanceMigrationCrd,
	components.NewKubeVirtCrd,
	components.NewVirtualMachinePoolCrd,
	components.NewVirtualMachineSnapshotCrd,
	components.NewVirtualMachineSnapshotContentCrd,
	components.NewVirtualMachineRestoreCrd,
	components.NewVirtualMachineExportCrd,
	components.NewVirtualMachineInstancetypeCrd,
	components.NewVirtualMachineClusterInstancetypeCrd,
	components.NewVirtualMachinePreferenceCrd,
	components.NewVirtualMachineClusterPreferenceCrd,
	components.NewMigrationPolicyCrd,
	components.NewVirtualMachineCloneCrd,
}

func main() {
	namespace := flag.String("namespace", "kubevirt", "the namespace KubeVirt is installed in")
	webhooks := flag.String("webhooks", "", "base URL of virt-api; prints the webhook configurations in place of the CRDs")
	caFile := flag.String("ca-file", "", "PEM file with the authority that signed virt-api's certificate; needed with --webhooks")
	flag.Parse()
	out := json.NewEncoder(os.Stdout)
	if *webhooks == "" {
		printCRDs(out)
		return
	}
	ca, err := os.ReadFile(*caFile)
	if err != nil {
		log.Fatal(err)
	}
	printWebhooks(out, *namespace, *webhooks, ca)
}

func printCRDs(out *json.Encoder) {
	for _, build := range crds {
		crd, err := build()
		if err != nil {
			log.Fatal(err)
		}
		// components leaves the kind out of some of them
		crd.APIVersion, crd.Kind = extv1.SchemeGroupVersion.String(), "CustomResourceDefinition"
		emit(out, crd)
	}
}

func printWebhooks(out *json.Encoder, namespace, base string, ca []byte) {
	mutating := components.NewVirtAPIMutatingWebhookConfiguration(namespace)
	for i := range mutating.Webhooks {
		toURL(&mutating.Webhooks[i].ClientConfig, base, ca)
	}
	validating := components.NewVirtAPIValidatingWebhookConfiguration(namespace)
	for i := range validating.Webhooks {
		toURL(&validating.Webhooks[i].ClientConfig, base, ca)
	}
	emit(out, mutating)
	emit(out, validating)
}

func toURL(config *admissionv1.WebhookClientConfig, base string, ca []byte) {
	url := base + *config.Service.Path
	config.Service, config.URL, config.CABundle = nil, &url, ca
}

func emit(out *json.Encoder, object any) {
	if err := out.Encode(object); err != nil {
		log.Fatal(err)
	}
}
