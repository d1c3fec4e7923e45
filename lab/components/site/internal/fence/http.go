package fence

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
)

// Document is the body of requests and answers.
type Document struct {
	CIDRs []string `json:"cidrs"`
}

// Handler is the part of the control API that fences: GET lists, POST fences, DELETE lifts; each answers with the list.
func (l *List) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/fence", func(w http.ResponseWriter, r *http.Request) { l.answer(w, r, nil) })
	mux.HandleFunc("POST /v1/fence", func(w http.ResponseWriter, r *http.Request) { l.answer(w, r, l.Fence) })
	mux.HandleFunc("DELETE /v1/fence", func(w http.ResponseWriter, r *http.Request) { l.answer(w, r, l.Unfence) })
	return mux
}

func (l *List) answer(w http.ResponseWriter, r *http.Request, do func([]netip.Prefix) error) {
	if do != nil {
		networks, err := decode(r)
		if err != nil {
			refuse(w, r, http.StatusBadRequest, "Invalid", err)
			return
		}
		if err := do(networks); err != nil {
			refuse(w, r, http.StatusInternalServerError, "Internal", err)
			return
		}
		slog.Info("fenced networks changed", "method", r.Method, "changed", networks, "now", l.Networks())
	}
	document := Document{CIDRs: []string{}}
	for _, network := range l.Networks() {
		document.CIDRs = append(document.CIDRs, network.String())
	}
	reply(w, r, http.StatusOK, document)
}

func decode(r *http.Request) ([]netip.Prefix, error) {
	var document Document
	if err := json.NewDecoder(r.Body).Decode(&document); err != nil {
		return nil, err
	}
	networks := make([]netip.Prefix, len(document.CIDRs))
	for i, text := range document.CIDRs {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		networks[i] = network.Masked()
	}
	return networks, nil
}

// refuse answers as the replication's part of the control API does.
func refuse(w http.ResponseWriter, r *http.Request, status int, reason string, err error) {
	reply(w, r, status, map[string]map[string]string{"error": {"reason": reason, "message": err.Error()}})
}

func reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Debug("the caller did not wait for the answer", "path", r.URL.Path, "error", err)
	}
}
