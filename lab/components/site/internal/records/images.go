package records

import (
	"errors"
	"fmt"

	"ocpvirt.dr/lab/components/site/internal/rbdimage"
)

// ReadImages reports on every image of a pool.
func ReadImages(cluster *rbdimage.Cluster, pool string) ([]Volume, error) {
	names, err := cluster.Names(pool)
	if err != nil {
		return nil, err
	}
	volumes := []Volume{}
	for _, name := range names {
		volume, err := readImage(cluster, pool, name)
		if err != nil {
			return nil, err
		}
		volume.Export, volume.Volume = pool, name
		volumes = append(volumes, volume)
	}
	return volumes, nil
}

func readImage(cluster *rbdimage.Cluster, pool, name string) (v Volume, err error) {
	image, role, err := cluster.OpenNewest(pool, name)
	if err != nil {
		return v, err
	}
	if image == nil {
		return Volume{Gaps: []Gap{}, Boots: []Boot{}, Mirror: role}, nil
	}
	defer func() { err = errors.Join(err, image.Close()) }()
	if v, err = SummarizeSlots(image.Size, image.ReadAt); err != nil {
		return v, fmt.Errorf("read image %s/%s: %w", pool, name, err)
	}
	v.Mirror = role
	return v, nil
}
