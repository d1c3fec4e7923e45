// Package fence keeps networks away from a storage: their connections are closed and refused until they are unfenced.
package fence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// List is the fenced networks of one storage. It survives kill -9.
type List struct {
	file string

	mu       sync.Mutex
	networks []netip.Prefix
	open     map[*guarded]netip.Addr
}

// Open reads the list that was left in file; a list that cannot be read must not be taken for an empty one.
func Open(file string) (*List, error) {
	l := &List{file: file, open: map[*guarded]netip.Addr{}}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &l.networks)
	}
	if err != nil {
		return nil, fmt.Errorf("read the fenced networks: %w", err)
	}
	return l, nil
}

// Networks are the fenced ones, in order.
func (l *List) Networks() []netip.Prefix {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.networks)
}

// Fence refuses the networks from now on and closes the connections that they have. Fencing twice is fencing once.
func (l *List) Fence(networks []netip.Prefix) error {
	cut, err := l.change(func(now []netip.Prefix) []netip.Prefix { return append(now, networks...) })
	for _, conn := range cut {
		err = errors.Join(err, conn.Close())
	}
	return err
}

// Unfence lets the networks in again. One that is not fenced is no error.
func (l *List) Unfence(networks []netip.Prefix) error {
	_, err := l.change(func(now []netip.Prefix) []netip.Prefix {
		return slices.DeleteFunc(now, func(n netip.Prefix) bool { return slices.Contains(networks, n) })
	})
	return err
}

// change makes the list durable before it counts, and returns the connections that it forbids.
func (l *List) change(edit func([]netip.Prefix) []netip.Prefix) ([]*guarded, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := edit(slices.Clone(l.networks))
	slices.SortFunc(next, comparePrefixes)
	next = slices.Compact(next)
	if err := save(l.file, next); err != nil {
		return nil, err
	}
	l.networks = next
	var cut []*guarded
	for conn, from := range l.open {
		if l.refuses(from) {
			cut = append(cut, conn)
			delete(l.open, conn)
		}
	}
	return cut, nil
}

func comparePrefixes(a, b netip.Prefix) int {
	if order := a.Addr().Compare(b.Addr()); order != 0 {
		return order
	}
	return a.Bits() - b.Bits()
}

// refuses is asked under mu.
func (l *List) refuses(from netip.Addr) bool {
	return slices.ContainsFunc(l.networks, func(n netip.Prefix) bool { return n.Contains(from) })
}

func save(file string, networks []netip.Prefix) (err error) {
	data, err := json.Marshal(networks)
	if err != nil {
		return fmt.Errorf("encode the fenced networks: %w", err)
	}
	staged, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("stage the fenced networks: %w", err)
	}
	_, err = staged.Write(data)
	if err = errors.Join(err, staged.Close()); err == nil {
		err = os.Rename(staged.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("save the fenced networks: %w", err), os.Remove(staged.Name()))
	}
	return nil
}

// Guard is listener without the connections of fenced networks.
func (l *List) Guard(listener net.Listener) net.Listener { return guard{listener, l} }

type guard struct {
	net.Listener
	list *List
}

func (g guard) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := g.list.admit(conn); admitted != nil {
			return admitted, nil
		}
		slog.Warn("refused a fenced client", "client", conn.RemoteAddr(), "at", g.Addr())
		if err := conn.Close(); err != nil {
			slog.Warn("closing a refused connection", "client", conn.RemoteAddr(), "error", err)
		}
	}
}

// admit is nil for a client that is fenced, and for one whose address says nothing about its network.
func (l *List) admit(conn net.Conn) *guarded {
	remote, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return nil
	}
	from := remote.AddrPort().Addr().Unmap()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses(from) {
		return nil
	}
	admitted := &guarded{Conn: conn, list: l}
	l.open[admitted] = from
	return admitted
}

// guarded is known to the list as long as it is open.
type guarded struct {
	net.Conn
	list *List
}

func (c *guarded) Close() error {
	c.list.mu.Lock()
	delete(c.list.open, c)
	c.list.mu.Unlock()
	return c.Conn.Close()
}
