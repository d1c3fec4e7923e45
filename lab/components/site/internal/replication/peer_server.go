package replication

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// PeerHandler is the protocol between two storages.
func (m *Manager) PeerHandler() http.Handler {
	mux := http.NewServeMux()
	const export = "/peer/v1/exports/{name}"
	mux.HandleFunc("GET "+export, m.answer(func(e *Export, _ *http.Request) (any, error) {
		return e.current().forPeer(), nil
	}))
	mux.HandleFunc("POST "+export+"/wake", m.answer(func(e *Export, _ *http.Request) (any, error) {
		e.nudge()
		return struct{}{}, nil
	}))
	mux.HandleFunc("POST "+export+"/grant", m.answer(func(e *Export, r *http.Request) (any, error) {
		var request grantRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			return nil, refuse(Invalid, "decode the request: %v", err)
		}
		return e.granted(request)
	}))
	mux.HandleFunc("GET "+export+"/manifest", m.answer(func(e *Export, r *http.Request) (any, error) {
		return e.manifestReply(r)
	}))
	mux.HandleFunc("POST "+export+"/snapshot", func(w http.ResponseWriter, r *http.Request) {
		body := &patientBody{r.Body, http.NewResponseController(w)}
		m.answer(func(e *Export, r *http.Request) (any, error) { return struct{}{}, e.receive(r.Context(), body) })(w, r)
	})
	mux.HandleFunc("GET "+export+"/blocks", m.stream((*Export).writeBlocks))
	mux.HandleFunc("GET "+export+"/digests", m.stream((*Export).writeDigests))
	return mux
}

// patientBody gives every read of a snapshot its own deadline: a large one may take long, a dead link may not.
type patientBody struct {
	io.Reader
	connection *http.ResponseController
}

func (b *patientBody) Read(p []byte) (int, error) {
	if err := b.connection.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		return n, errors.Join(b.connection.SetReadDeadline(time.Time{}), io.EOF)
	}
	return n, err
}

func (e *Export) manifestReply(r *http.Request) (manifestReply, error) {
	if err := e.lockTransfer(r.Context()); err != nil {
		return manifestReply{}, err
	}
	defer e.unlockTransfer()
	s := e.current()
	contents, err := scan(e.tree.Root())
	return manifestReply{s.Snapshot, s.LastSync, contents}, err
}

// writeBlocks answers with nothing for a file that is not there: then every block differs.
func (e *Export) writeBlocks(w http.ResponseWriter, r *http.Request) (err error) {
	name := r.URL.Query().Get("path")
	if !validName(name) {
		return refuse(Invalid, "%q is not a path of an export", name)
	}
	file, err := e.tree.Root().Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return writeBlockDigests(w, file)
}

func (e *Export) writeDigests(w http.ResponseWriter, r *http.Request) error {
	if err := e.lockTransfer(r.Context()); err != nil {
		return err
	}
	defer e.unlockTransfer()
	lines, flusher := json.NewEncoder(w), http.NewResponseController(w)
	last := digestLine{Snapshot: e.current().Snapshot}
	contents, err := scan(e.tree.Root())
	if err == nil {
		_, err = hashFiles(e.tree.Root(), contents, func(d fileDigest) error {
			return errors.Join(lines.Encode(digestLine{File: &d}), flusher.Flush())
		})
	}
	if err != nil {
		last = digestLine{Error: err.Error()}
	}
	return lines.Encode(last)
}
