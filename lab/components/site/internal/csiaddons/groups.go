package csiaddons

import (
	"context"
	"slices"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/csi-addons/spec/lib/go/volumegroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type groupServer struct {
	volumegroup.UnimplementedControllerServer
	groups *groupStore
}

// CreateVolumeGroup uses the name as the id, so that the same request twice is one group.
func (s groupServer) CreateVolumeGroup(
	_ context.Context, r *volumegroup.CreateVolumeGroupRequest,
) (*volumegroup.CreateVolumeGroupResponse, error) {
	group, err := s.set(r.GetName(), r.GetVolumeIds())
	return &volumegroup.CreateVolumeGroupResponse{VolumeGroup: group}, err
}

func (s groupServer) ModifyVolumeGroupMembership(
	_ context.Context, r *volumegroup.ModifyVolumeGroupMembershipRequest,
) (*volumegroup.ModifyVolumeGroupMembershipResponse, error) {
	if _, err := s.groups.volumes(r.GetVolumeGroupId()); err != nil {
		return nil, err
	}
	group, err := s.set(r.GetVolumeGroupId(), r.GetVolumeIds())
	return &volumegroup.ModifyVolumeGroupMembershipResponse{VolumeGroup: group}, err
}

func (s groupServer) DeleteVolumeGroup(
	_ context.Context, r *volumegroup.DeleteVolumeGroupRequest,
) (*volumegroup.DeleteVolumeGroupResponse, error) {
	return &volumegroup.DeleteVolumeGroupResponse{}, s.groups.put(r.GetVolumeGroupId(), nil)
}

func (s groupServer) ControllerGetVolumeGroup(
	_ context.Context, r *volumegroup.ControllerGetVolumeGroupRequest,
) (*volumegroup.ControllerGetVolumeGroupResponse, error) {
	volumes, err := s.groups.volumes(r.GetVolumeGroupId())
	if err != nil {
		return nil, err
	}
	return &volumegroup.ControllerGetVolumeGroupResponse{VolumeGroup: describe(r.GetVolumeGroupId(), volumes)}, nil
}

func (s groupServer) set(id string, volumes []string) (*volumegroup.VolumeGroup, error) {
	if id == "" || len(volumes) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "group %q with %d volumes: both are required", id, len(volumes))
	}
	volumes = slices.Clone(volumes)
	slices.Sort(volumes)
	return describe(id, volumes), s.groups.put(id, slices.Compact(volumes))
}

func describe(id string, volumes []string) *volumegroup.VolumeGroup {
	group := &volumegroup.VolumeGroup{VolumeGroupId: id}
	for _, volume := range volumes {
		group.Volumes = append(group.Volumes, &csi.Volume{VolumeId: volume})
	}
	return group
}
