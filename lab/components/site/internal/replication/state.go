package replication

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Role of an export at one site.
type Role string

// Unknown is the role of an export whose state could not be read.
const (
	Primary   Role = "primary"
	Secondary Role = "secondary"
	Unknown   Role = "unknown"
)

// Epoch names one uninterrupted line of writers. A forced promotion starts a new one; the number orders epochs for
// people, the id tells two epochs apart that were started on both sides of a partition.
type Epoch struct {
	Number int    `json:"number"`
	ID     string `json:"id"`
}

// Blank is the epoch of a side that has no content of its own and takes whatever its peer has.
func (e Epoch) Blank() bool { return e.ID == "" }

func (e Epoch) String() string { return fmt.Sprintf("%d (%s)", e.Number, e.ID) }

func newEpoch(number int) Epoch { return Epoch{Number: number, ID: newID()} }

func newID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// state is what survives kill -9.
type state struct {
	Role     Role          `json:"role"`
	Epoch    Epoch         `json:"epoch"`
	Peer     string        `json:"peer"`
	Interval time.Duration `json:"interval"`
	Paused   bool          `json:"paused"`
	// Source is true at the side that wrote last in this epoch, until it received a snapshot of the other side.
	Source bool `json:"source"`
	// Synced is the snapshot of the completed final sync since the demotion.
	Synced string `json:"synced"`
	// Snapshot is the newest one that both sides are known to have.
	Snapshot string `json:"snapshot"`
	// LastSync is the moment at which that snapshot was taken.
	LastSync *time.Time `json:"lastSync"`
	// RecoveryPoint is LastSync at the time of the last promotion here.
	RecoveryPoint *time.Time `json:"recoveryPoint"`
	// Diverged says why this side needs a resync.
	Diverged string `json:"diverged"`
	// Resyncing is true from a resync until the first snapshot arrived.
	Resyncing bool `json:"resyncing"`
}

const (
	stateFile     = "state.json"
	stagedPattern = ".staged-*"
)

func loadState(dir string) (state, error) {
	var s state
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return s, fmt.Errorf("read the replication state: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("read the replication state: %w", err)
	}
	if s.Role != Primary && s.Role != Secondary {
		return s, fmt.Errorf("the replication state has role %q", s.Role)
	}
	return s, nil
}

func (s state) save(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the replication state: %w", err)
	}
	return replaceFile(filepath.Join(dir, stateFile), data)
}

// replaceFile leaves either the old or the new content, whatever happens to this process. Nothing here waits for the
// disk, as the lab's etcd does not: a lab loses processes, never power.
func replaceFile(name string, data []byte) error {
	staged, err := os.CreateTemp(filepath.Dir(name), stagedPattern)
	if err != nil {
		return fmt.Errorf("stage %s: %w", name, err)
	}
	_, err = staged.Write(data)
	if err = errors.Join(err, staged.Close()); err != nil {
		return errors.Join(fmt.Errorf("stage %s: %w", name, err), os.Remove(staged.Name()))
	}
	return publish(staged.Name(), name)
}

// publish renames a complete file into place.
func publish(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("publish %s: %w", to, err)
	}
	return nil
}
