package csiaddons

import (
	"context"

	"github.com/csi-addons/spec/lib/go/identity"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type identityServer struct {
	identity.UnimplementedIdentityServer
	driver string
}

func (s identityServer) GetIdentity(context.Context, *identity.GetIdentityRequest) (*identity.GetIdentityResponse, error) {
	return &identity.GetIdentityResponse{Name: s.driver, VendorVersion: "lab"}, nil
}

func (s identityServer) Probe(context.Context, *identity.ProbeRequest) (*identity.ProbeResponse, error) {
	return &identity.ProbeResponse{Ready: wrapperspb.Bool(true)}, nil
}

func (s identityServer) GetCapabilities(
	context.Context, *identity.GetCapabilitiesRequest,
) (*identity.GetCapabilitiesResponse, error) {
	capabilities := []*identity.Capability{
		{Type: &identity.Capability_Service_{Service: &identity.Capability_Service{
			Type: identity.Capability_Service_CONTROLLER_SERVICE}}},
		{Type: &identity.Capability_VolumeReplication_{VolumeReplication: &identity.Capability_VolumeReplication{
			Type: identity.Capability_VolumeReplication_VOLUME_REPLICATION}}},
	}
	for _, kind := range []identity.Capability_NetworkFence_Type{
		identity.Capability_NetworkFence_NETWORK_FENCE, identity.Capability_NetworkFence_GET_CLIENTS_TO_FENCE,
	} {
		capabilities = append(capabilities, &identity.Capability{Type: &identity.Capability_NetworkFence_{
			NetworkFence: &identity.Capability_NetworkFence{Type: kind}}})
	}
	for _, kind := range []identity.Capability_VolumeGroup_Type{
		identity.Capability_VolumeGroup_VOLUME_GROUP, identity.Capability_VolumeGroup_MODIFY_VOLUME_GROUP,
		identity.Capability_VolumeGroup_GET_VOLUME_GROUP,
		identity.Capability_VolumeGroup_DO_NOT_ALLOW_VG_TO_DELETE_VOLUMES,
	} {
		capabilities = append(capabilities, &identity.Capability{Type: &identity.Capability_VolumeGroup_{
			VolumeGroup: &identity.Capability_VolumeGroup{Type: kind}}})
	}
	return &identity.GetCapabilitiesResponse{Capabilities: capabilities}, nil
}
