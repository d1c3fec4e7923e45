package replication

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// ControlHandler is the API for operators and providers. It counts their requests, which benchmarks are about.
func (m *Manager) ControlHandler() http.Handler {
	var served atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", respond(func(*http.Request) (any, error) {
		return map[string]any{"ok": true, "requests": served.Load()}, nil
	}))
	mux.HandleFunc("GET /v1/exports", respond(func(*http.Request) (any, error) {
		return map[string][]Status{"exports": m.List()}, nil
	}))
	const export = "/v1/exports/{name}"
	mux.HandleFunc("PUT "+export, respond(func(r *http.Request) (any, error) {
		var settings Settings
		if err := decode(r, &settings); err != nil {
			return nil, err
		}
		name := r.PathValue("name")
		if err := m.Put(name, settings); err != nil {
			return nil, err
		}
		e, err := m.find(name)
		if err != nil {
			return nil, err
		}
		return e.Status(m.Path(name)), nil
	}))
	mux.HandleFunc("DELETE "+export, respond(func(r *http.Request) (any, error) {
		return struct{}{}, m.Delete(r.PathValue("name"))
	}))
	mux.HandleFunc("POST "+export+"/volumes/{volume}", respond(func(r *http.Request) (any, error) {
		return m.CreateVolume(r.PathValue("name"), r.PathValue("volume"))
	}))
	mux.HandleFunc("POST "+export+"/sync", m.answer(func(e *Export, r *http.Request) (any, error) {
		return e.Sync(r.Context())
	}))
	mux.HandleFunc("GET "+export, m.verb(func(*Export, *http.Request) error { return nil }))
	mux.HandleFunc("POST "+export+"/promote", m.verb(func(e *Export, r *http.Request) error {
		var options struct {
			Force bool `json:"force"`
		}
		if err := decode(r, &options); err != nil {
			return err
		}
		return e.Promote(r.Context(), options.Force)
	}))
	mux.HandleFunc("POST "+export+"/demote", m.verb(func(e *Export, _ *http.Request) error { return e.Demote() }))
	mux.HandleFunc("POST "+export+"/resync", m.verb(func(e *Export, r *http.Request) error { return e.Resync(r.Context()) }))
	mux.HandleFunc("POST "+export+"/pause", m.verb(func(e *Export, _ *http.Request) error { return e.Pause(true) }))
	mux.HandleFunc("POST "+export+"/resume", m.verb(func(e *Export, _ *http.Request) error { return e.Pause(false) }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			served.Add(1)
		}
		mux.ServeHTTP(w, r)
	})
}

// verb answers with the export's status after it.
func (m *Manager) verb(do func(*Export, *http.Request) error) http.HandlerFunc {
	return m.answer(func(e *Export, r *http.Request) (any, error) {
		if err := do(e, r); err != nil {
			return nil, err
		}
		return e.Status(m.Path(e.name)), nil
	})
}

// decode accepts an empty body as all defaults and refuses unknown keys.
func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return refuse(Invalid, "decode the request: %v", err)
	}
	return nil
}
