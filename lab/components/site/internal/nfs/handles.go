package nfs

import (
	"crypto/sha256"
	"path"
	"slices"
	"sync"
)

type location struct {
	export string
	path   []string
}

// handles maps file handles to paths. go-nfs' own table is not safe for several connections and walks all handles at
// each request. A handle is a digest of the path: the same before and after a restart, once the path was looked up again.
type handles struct {
	mu    sync.RWMutex
	known map[string]location
}

func newHandles() *handles { return &handles{known: map[string]location{}} }

func (h *handles) of(export string, elements []string) []byte {
	digest := sha256.Sum256([]byte(export + "\x00" + path.Join(elements...)))
	handle := digest[:]
	h.mu.RLock()
	_, found := h.known[string(handle)]
	h.mu.RUnlock()
	if !found {
		h.mu.Lock()
		h.known[string(handle)] = location{export, slices.Clone(elements)}
		h.mu.Unlock()
	}
	return handle
}

// find returns a copy: go-nfs appends to what it gets.
func (h *handles) find(handle []byte) (location, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	at, found := h.known[string(handle)]
	at.path = slices.Clone(at.path)
	return at, found
}
