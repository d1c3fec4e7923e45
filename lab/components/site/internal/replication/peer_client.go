package replication

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

const (
	// shortCall bounds what a peer answers at once.
	shortCall = 3 * time.Second
	// silence is how long a transfer may stand still before its link counts as dead.
	silence = 20 * time.Second
)

// peerStatus is what one side tells the other about an export.
type peerStatus struct {
	Role      Role   `json:"role"`
	Epoch     Epoch  `json:"epoch"`
	Snapshot  string `json:"snapshot"`
	Source    bool   `json:"source"`
	Synced    string `json:"synced"`
	Paused    bool   `json:"paused"`
	Resyncing bool   `json:"resyncing"`
}

// NewPeerClient sends everything from the given local address, so that it stays on that address' network.
func NewPeerClient(local net.IP) *http.Client {
	dialer := &net.Dialer{Timeout: shortCall, LocalAddr: &net.TCPAddr{IP: local}}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return impatientConn{conn}, nil
		},
		MaxIdleConnsPerHost: 64,
	}}
}

// impatientConn fails when nothing moves for a while; a partition drops packets without a word.
type impatientConn struct{ net.Conn }

func (c impatientConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c impatientConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// peer is the other side of one export.
type peer struct {
	base   string
	export string
	http   *http.Client
}

func (e *Export) peer() peer { return peer{e.current().Peer, e.name, e.http} }

// call returns the body of a good answer; the caller closes it. No answer at all is PeerUnreachable.
func (p peer) call(ctx context.Context, method, verb string, body io.Reader, length int64) (io.ReadCloser, error) {
	target := p.base + "/peer/v1/exports/" + url.PathEscape(p.export) + verb
	request, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, refuse(Invalid, "peer %s: %v", p.base, err)
	}
	if length > 0 {
		request.ContentLength = length
	}
	response, err := p.http.Do(request)
	if err != nil {
		return nil, refuse(PeerUnreachable, "peer %s did not answer: %v", p.base, err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	var answer struct{ Error Error }
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answer)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("peer %s answered %s without a reason: %w", p.base, response.Status, err)
	}
	if answer.Error.Reason == NotFound {
		return nil, refuse(NotSecondary, "peer %s: %s", p.base, answer.Error.Message)
	}
	return nil, refuse(answer.Error.Reason, "peer %s: %s", p.base, answer.Error.Message)
}

// ask exchanges small JSON documents.
func (p peer) ask(ctx context.Context, method, verb string, question, answer any) (err error) {
	var body bytes.Buffer
	if question != nil {
		if err := json.NewEncoder(&body).Encode(question); err != nil {
			return fmt.Errorf("encode the question to the peer: %w", err)
		}
	}
	reply, err := p.call(ctx, method, verb, &body, int64(body.Len()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reply.Close()) }()
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(reply).Decode(answer); err != nil {
		return refuse(PeerUnreachable, "peer %s broke off its answer: %v", p.base, err)
	}
	return nil
}

func (p peer) status(ctx context.Context) (s peerStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, shortCall)
	defer cancel()
	return s, p.ask(ctx, http.MethodGet, "", nil, &s)
}

// wakeUp makes the peer look at this side now instead of at its next interval.
func (p peer) wakeUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shortCall)
	defer cancel()
	return p.ask(ctx, http.MethodPost, "/wake", nil, nil)
}

type grantRequest struct {
	Epoch    Epoch  `json:"epoch"`
	Snapshot string `json:"snapshot"`
}

// grant asks whether this side may become primary in an orderly way.
func (p peer) grant(ctx context.Context, request grantRequest) (s peerStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, shortCall)
	defer cancel()
	return s, p.ask(ctx, http.MethodPost, "/grant", request, &s)
}

type manifestReply struct {
	Snapshot string     `json:"snapshot"`
	Taken    *time.Time `json:"taken"`
	Contents manifest   `json:"contents"`
}

func (p peer) manifest(ctx context.Context) (m manifestReply, err error) {
	return m, p.ask(ctx, http.MethodGet, "/manifest", nil, &m)
}

func (p peer) blocks(ctx context.Context, name string) (io.ReadCloser, error) {
	return p.call(ctx, http.MethodGet, "/blocks?path="+url.QueryEscape(name), nil, 0)
}

func (p peer) send(ctx context.Context, journal *os.File) error {
	info, err := journal.Stat()
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if _, err := journal.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	reply, err := p.call(ctx, http.MethodPost, "/snapshot", io.NopCloser(journal), info.Size())
	if err != nil {
		return err
	}
	return reply.Close()
}

// digests is answered file by file, so that hashing a large export is not taken for silence.
func (p peer) digests(ctx context.Context) (snapshot string, all digests, err error) {
	reply, err := p.call(ctx, http.MethodGet, "/digests", nil, 0)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, reply.Close()) }()
	decoder := json.NewDecoder(reply)
	for {
		var line digestLine
		if err := decoder.Decode(&line); err != nil {
			return "", nil, refuse(PeerUnreachable, "peer %s broke off its proof: %v", p.base, err)
		}
		if line.Error != "" {
			return "", nil, fmt.Errorf("peer %s: %s", p.base, line.Error)
		}
		if line.File == nil {
			return line.Snapshot, all, nil
		}
		all = append(all, *line.File)
	}
}

// digestLine is a file's digest or, as the last line, the snapshot they all belong to or why it ended.
type digestLine struct {
	File     *fileDigest `json:"file,omitempty"`
	Snapshot string      `json:"snapshot,omitempty"`
	Error    string      `json:"error,omitempty"`
}
