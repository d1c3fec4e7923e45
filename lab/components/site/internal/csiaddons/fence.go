package csiaddons

import (
	"context"
	"log/slog"

	"github.com/csi-addons/spec/lib/go/fence"
)

type fenceServer struct {
	fence.UnimplementedFenceControllerServer
	backend Backend
	log     *slog.Logger
}

func (s fenceServer) FenceClusterNetwork(
	ctx context.Context, r *fence.FenceClusterNetworkRequest,
) (*fence.FenceClusterNetworkResponse, error) {
	err := s.backend.Fence(ctx, texts(r.GetCidrs()))
	s.log.Info("fence", "cidrs", texts(r.GetCidrs()), "error", err)
	return &fence.FenceClusterNetworkResponse{}, err
}

func (s fenceServer) UnfenceClusterNetwork(
	ctx context.Context, r *fence.UnfenceClusterNetworkRequest,
) (*fence.UnfenceClusterNetworkResponse, error) {
	err := s.backend.Unfence(ctx, texts(r.GetCidrs()))
	s.log.Info("unfence", "cidrs", texts(r.GetCidrs()), "error", err)
	return &fence.UnfenceClusterNetworkResponse{}, err
}

func (s fenceServer) ListClusterFence(
	ctx context.Context, _ *fence.ListClusterFenceRequest,
) (*fence.ListClusterFenceResponse, error) {
	cidrs, err := s.backend.Fenced(ctx)
	return &fence.ListClusterFenceResponse{Cidrs: messages(cidrs)}, err
}

func (s fenceServer) GetFenceClients(
	context.Context, *fence.GetFenceClientsRequest,
) (*fence.GetFenceClientsResponse, error) {
	id, cidrs := s.backend.Clients()
	return &fence.GetFenceClientsResponse{Clients: []*fence.ClientDetails{{Id: id, Addresses: messages(cidrs)}}}, nil
}

func texts(cidrs []*fence.CIDR) []string {
	all := make([]string, len(cidrs))
	for i, cidr := range cidrs {
		all[i] = cidr.GetCidr()
	}
	return all
}

func messages(cidrs []string) []*fence.CIDR {
	all := make([]*fence.CIDR, len(cidrs))
	for i, cidr := range cidrs {
		all[i] = &fence.CIDR{Cidr: cidr}
	}
	return all
}
