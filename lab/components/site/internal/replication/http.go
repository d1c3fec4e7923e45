package replication

import (
	"encoding/json"
	"log/slog"
	"net/http"
)

// answer turns a function of an export into a JSON endpoint.
func (m *Manager) answer(do func(*Export, *http.Request) (any, error)) http.HandlerFunc {
	return respond(func(r *http.Request) (any, error) {
		e, err := m.find(r.PathValue("name"))
		if err != nil {
			return nil, err
		}
		return do(e, r)
	})
}

func respond(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		result, err := do(r)
		if err != nil {
			writeError(w, r, err)
			return
		}
		writeJSON(w, r, http.StatusOK, result)
	}
}

// stream is an endpoint that writes its answer itself. An error after the first byte can only break it off.
func (m *Manager) stream(do func(*Export, http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e, err := m.find(r.PathValue("name"))
		if err != nil {
			writeError(w, r, err)
			return
		}
		watched := &startedWriter{ResponseWriter: w}
		if err = do(e, watched, r); err == nil {
			return
		}
		if watched.started {
			slog.Warn("an answer broke off", "path", r.URL.Path, "error", err)
			panic(http.ErrAbortHandler)
		}
		writeError(w, r, err)
	}
}

type startedWriter struct {
	http.ResponseWriter
	started bool
}

func (w *startedWriter) Write(p []byte) (int, error) {
	w.started = true
	return w.ResponseWriter.Write(p)
}

func (w *startedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	reason := reasonOf(err)
	message := err.Error()
	if e, ok := err.(*Error); ok {
		message = e.Message
	}
	writeJSON(w, r, httpStatus(reason), map[string]Error{"error": {reason, message}})
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Debug("the caller did not wait for the answer", "path", r.URL.Path, "error", err)
	}
}
