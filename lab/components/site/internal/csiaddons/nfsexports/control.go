package nfsexports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"ocpvirt.dr/lab/components/site/internal/replication"
)

// control speaks to the storage's control API.
type control struct {
	base string
	http *http.Client
}

func (c control) export(ctx context.Context, method, name, verb string, question, answer any) error {
	target := "/v1/exports/" + url.PathEscape(name)
	if verb != "" {
		target += "/" + verb
	}
	return c.ask(ctx, method, target, question, answer)
}

// ask exchanges JSON documents; its errors carry gRPC codes.
func (c control) ask(ctx context.Context, method, target string, question, answer any) (err error) {
	var body bytes.Buffer
	if question != nil {
		if err := json.NewEncoder(&body).Encode(question); err != nil {
			return status.Errorf(codes.Internal, "encode the request: %v", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+target, &body)
	if err != nil {
		return status.Errorf(codes.Internal, "storage %s: %v", c.base, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return status.Errorf(codes.Unavailable, "storage %s did not answer %s %s: %v", c.base, method, target, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return refusal(response)
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return status.Errorf(codes.Internal, "storage %s answered %s %s with: %v", c.base, method, target, err)
	}
	return nil
}

// gRPC codes of the storage's reasons. What is FailedPrecondition at a promotion can be overridden with force, as with
// other products: an unreachable peer looks there like one that has not said that it was demoted.
var reasonCodes = map[replication.Reason]codes.Code{
	replication.NotFound:        codes.NotFound,
	replication.NotSecondary:    codes.FailedPrecondition,
	replication.PeerUnreachable: codes.FailedPrecondition,
	replication.PeerIsPrimary:   codes.FailedPrecondition,
	replication.NotSynced:       codes.FailedPrecondition,
	replication.Diverged:        codes.FailedPrecondition,
	replication.Busy:            codes.Aborted,
	replication.Invalid:         codes.InvalidArgument,
}

func refusal(response *http.Response) error {
	var body struct{ Error replication.Error }
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&body); err != nil {
		return status.Errorf(codes.Internal, "storage answered %s without a reason: %v", response.Status, err)
	}
	code, known := reasonCodes[body.Error.Reason]
	if !known {
		code = codes.Internal
	}
	return status.Error(code, body.Error.Error())
}
