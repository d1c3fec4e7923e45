package replication

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// fileDigest is one line of the proof that two sides hold the same.
type fileDigest struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// digests are sorted by path.
type digests []fileDigest

// hashFiles reads every file of the manifest. each, when given, sees every digest as soon as it is known.
func hashFiles(root *os.Root, contents manifest, each func(fileDigest) error) (digests, error) {
	var all digests
	for _, name := range contents.paths() {
		if contents[name].Dir {
			continue
		}
		d, err := hashFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("hash %s: %w", name, err)
		}
		all = append(all, d)
		if each != nil {
			if err := each(d); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func hashFile(root *os.Root, name string) (d fileDigest, err error) {
	file, err := root.Open(name)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	return fileDigest{name, size, hex.EncodeToString(hash.Sum(nil))}, err
}

// total is the digest over all files, and their number and size.
func (d digests) total() (digest string, files int, size int64) {
	hash := sha256.New()
	for _, f := range d {
		fmt.Fprintf(hash, "%s  %d  %s\n", f.SHA256, f.Size, f.Path)
		size += f.Size
	}
	return hex.EncodeToString(hash.Sum(nil)), len(d), size
}

// differing names the files that are not the same on both sides.
func (d digests) differing(other digests) []string {
	theirs := map[string]fileDigest{}
	for _, f := range other {
		theirs[f.Path] = f
	}
	var names []string
	for _, f := range d {
		if theirs[f.Path] != f {
			names = append(names, f.Path)
		}
		delete(theirs, f.Path)
	}
	for name := range theirs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Blocks are compared instead of files when it is not known which bytes changed: after a restart, for a resync.
const (
	blockSize   = 128 << 10
	blockDigest = 16
)

func writeBlockDigests(w io.Writer, r io.Reader) error {
	return eachBlock(r, func(block []byte) error {
		digest := sha256.Sum256(block)
		_, err := w.Write(digest[:blockDigest])
		return err
	})
}

// differingBlocks reads a local file beside the block digests of the other side's file.
func differingBlocks(local, remote io.Reader) (tree.Extents, error) {
	var extents tree.Extents
	var at int64
	theirs := make([]byte, blockDigest)
	err := eachBlock(local, func(block []byte) error {
		_, err := io.ReadFull(remote, theirs)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the peer's block digests: %w", err)
		}
		digest := sha256.Sum256(block)
		if err != nil || !bytes.Equal(theirs, digest[:blockDigest]) {
			extents = extents.Add(at, at+int64(len(block)))
		}
		at += int64(len(block))
		return nil
	})
	return extents, err
}

func eachBlock(r io.Reader, do func([]byte) error) error {
	block := make([]byte, blockSize)
	for {
		n, err := io.ReadFull(r, block)
		if n > 0 {
			if err := do(block[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}
