package rbdimages

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// lasting is how long an entry stays, in seconds: no entry of the blocklist is for ever, and ceph-csi writes five years.
// A real number: Ceph refuses a whole one.
const lasting = json.Number("157784760.0")

// mostAddresses bounds a network whose addresses are listed one by one.
const mostAddresses = 1024

// blocklisting is a command to the monitors.
type blocklisting struct {
	Prefix    string      `json:"prefix"`
	Operation string      `json:"blocklistop"`
	Range     string      `json:"range,omitempty"`
	Address   string      `json:"addr"`
	Expire    json.Number `json:"expire,omitempty"`
}

// Fence implements csiaddons.Backend: the cluster refuses these clients, and its watchers among them are gone.
func (b *Backend) Fence(_ context.Context, cidrs []string) error {
	return b.each(cidrs, "add", lasting)
}

// Unfence implements csiaddons.Backend.
func (b *Backend) Unfence(_ context.Context, cidrs []string) error { return b.each(cidrs, "rm", "") }

func (b *Backend) each(cidrs []string, operation string, expire json.Number) error {
	networks := make([]netip.Prefix, len(cidrs))
	for i, cidr := range cidrs {
		network, err := netip.ParsePrefix(cidr)
		if err != nil {
			return status.Errorf(codes.InvalidArgument, "network %q: %v", cidr, err)
		}
		networks[i] = network.Masked()
	}
	for _, network := range networks {
		if err := b.blocklist(network, operation, expire); err != nil {
			return err
		}
	}
	return nil
}

// blocklist names a network's addresses one by one to an older cluster, which knows no ranges.
func (b *Backend) blocklist(network netip.Prefix, operation string, expire json.Number) error {
	if network.IsSingleIP() {
		return b.send(blocklisting{Operation: operation, Address: network.Addr().String(), Expire: expire})
	}
	err := b.send(blocklisting{Operation: operation, Range: "range", Address: network.String(), Expire: expire})
	if status.Code(err) != codes.Unimplemented {
		return err
	}
	addresses, err := listed(network)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if err := b.send(blocklisting{Operation: operation, Address: address, Expire: expire}); err != nil {
			return err
		}
	}
	return nil
}

func listed(network netip.Prefix) ([]string, error) {
	var all []string
	for at := network.Addr(); network.Contains(at); at = at.Next() {
		if len(all) == mostAddresses {
			return nil, status.Errorf(codes.InvalidArgument,
				"network %s has more than %d addresses, and this Ceph blocklists no ranges", network, mostAddresses)
		}
		all = append(all, at.String())
	}
	return all, nil
}

func (b *Backend) send(command blocklisting) error {
	command.Prefix = "osd blocklist"
	document, err := json.Marshal(command)
	if err != nil {
		return status.Errorf(codes.Internal, "encode a command: %v", err)
	}
	_, err = b.cluster.command(document)
	switch {
	case err == nil:
		return nil
	case command.Range != "" && failedWith(err, syscall.EINVAL):
		return status.Errorf(codes.Unimplemented, "%s: %v", document, err)
	}
	return status.Errorf(codes.Internal, "%s: %v", document, err)
}

// Fenced implements csiaddons.Backend.
func (b *Backend) Fenced(context.Context) ([]string, error) {
	answer, err := b.cluster.command([]byte(`{"prefix": "osd blocklist ls", "format": "json"}`))
	if err != nil {
		return nil, status.Errorf(codes.Internal, "list the blocklist: %v", err)
	}
	networks, err := blocklisted(answer)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "read the blocklist: %v", err)
	}
	return networks, nil
}

// blocklisted are the whole hosts and networks of an answer, which is one list of addresses and behind it, where Ceph
// knows them, one of ranges. An address with a port or a nonce is a single client that somebody else blocked.
func blocklisted(answer []byte) ([]string, error) {
	if len(answer) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	var found []string
	lists := json.NewDecoder(bytes.NewReader(answer))
	for {
		var entries []struct {
			Address string `json:"addr"`
			Range   string `json:"range"`
		}
		err := lists.Decode(&entries)
		if err == io.EOF {
			slices.Sort(found)
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			text := entry.Range
			if host, whole := strings.CutSuffix(entry.Address, ":0/0"); whole {
				text = host + ":0/32"
				if strings.HasPrefix(host, "[") {
					text = host + ":0/128"
				}
			}
			if text == "" {
				continue
			}
			network, err := parseRange(text)
			if err != nil {
				return nil, err
			}
			found = append(found, network.String())
		}
	}
}

// parseRange reads a range as Ceph writes it, with a port between address and length: 10.0.0.0:0/24, [fd00::]:0/64.
func parseRange(text string) (netip.Prefix, error) {
	colon := strings.LastIndex(text, ":")
	slash := strings.LastIndex(text, "/")
	if colon < 0 || slash < colon {
		return netip.Prefix{}, fmt.Errorf("%q is no address with port and length", text)
	}
	return netip.ParsePrefix(strings.Trim(text[:colon], "[]") + text[slash:])
}
