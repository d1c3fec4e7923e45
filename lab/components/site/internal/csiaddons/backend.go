// Package csiaddons is a driver that speaks CSI-Addons, as csi-addons' sidecar asks for it: replication of volumes and
// groups of them, and network fencing, over a storage product that a Backend drives.
package csiaddons

import (
	"context"
	"time"
)

// Backend drives one storage product. A volume is named as the PersistentVolume's volumeHandle names it. Errors carry
// the gRPC code that the CSI-Addons specification asks for; FailedPrecondition at Promote makes csi-addons' manager
// repeat it with force.
type Backend interface {
	// Driver is the name of the CSI driver whose volumes these are.
	Driver() string
	Enable(ctx context.Context, volume string, parameters map[string]string) error
	Disable(ctx context.Context, volume string) error
	Promote(ctx context.Context, volume string, force bool) error
	Demote(ctx context.Context, volume string) error
	// Resync says whether the volume holds all that was ever written and no peer writes on. With force it may give
	// up what the volume holds.
	Resync(ctx context.Context, volume string, force bool) (ready bool, err error)
	// LastSync is the moment whose content the peer holds.
	LastSync(ctx context.Context, volume string) (time.Time, error)

	Fence(ctx context.Context, cidrs []string) error
	Unfence(ctx context.Context, cidrs []string) error
	Fenced(ctx context.Context) ([]string, error)
	// Clients are the networks that this site's nodes use the storage from.
	Clients() (id string, cidrs []string)
}
