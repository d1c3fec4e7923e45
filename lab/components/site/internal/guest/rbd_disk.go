package guest

import (
	"fmt"

	"ocpvirt.dr/lab/components/site/internal/rbdimage"
	"ocpvirt.dr/lab/components/site/internal/records"
)

// rbdVolume is a volume whose image holds slots.
type rbdVolume struct {
	spec rbdimage.Spec
}

func (r rbdVolume) String() string { return "RBD " + r.spec.String() }

type rbdDisk struct {
	image  *rbdimage.Image
	number int64
}

func (r rbdVolume) open(with *session) (disk, error) {
	image, err := with.ceph.OpenForWriting(r.spec)
	if err != nil {
		return nil, err
	}
	newest, err := records.FindLastSlot(image.Size, image.ReadAt)
	if err != nil {
		if closing := image.Close(); closing != nil {
			with.log.Warn("close the image", "image", r.String(), "error", closing)
		}
		return nil, err
	}
	d := &rbdDisk{image: image}
	if newest != nil {
		d.number = newest.N
	}
	return d, nil
}

func (d *rbdDisk) last() int64 { return d.number }

func (d *rbdDisk) append(record records.Record) error {
	offset := (record.N - 1) * records.SlotSize
	if offset+records.SlotSize > d.image.Size {
		return fmt.Errorf("the image of %d bytes is full", d.image.Size)
	}
	slot, err := record.Slot()
	if err != nil {
		return err
	}
	if err := d.image.WriteAt(slot, offset); err != nil {
		return err
	}
	d.number = record.N
	return nil
}

func (d *rbdDisk) close() error { return d.image.Close() }
