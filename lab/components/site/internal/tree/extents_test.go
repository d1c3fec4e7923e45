package tree

import (
	"math/rand"
	"slices"
	"testing"
)

func TestExtentsAddMergesNeighbours(t *testing.T) {
	var e Extents
	for _, x := range []Extent{{10, 20}, {30, 40}, {20, 25}, {0, 5}, {24, 31}, {50, 50}} {
		e = e.Add(x.Start, x.End)
	}
	if want := (Extents{{0, 5}, {10, 40}}); !slices.Equal(e, want) {
		t.Fatalf("got %v, want %v", e, want)
	}
	if got := e.Clip(12); !slices.Equal(got, Extents{{0, 5}, {10, 12}}) {
		t.Fatalf("clip: got %v", got)
	}
}

func TestExtentsCoverExactlyWhatWasAdded(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 200 {
		var e Extents
		covered := make([]bool, 300)
		for range 40 {
			start := random.Int63n(280)
			end := start + random.Int63n(20)
			e = e.Add(start, end)
			for i := start; i < end; i++ {
				covered[i] = true
			}
		}
		got := make([]bool, 300)
		for i, x := range e {
			if i > 0 && e[i-1].End >= x.Start {
				t.Fatalf("extents touch: %v", e)
			}
			for at := x.Start; at < x.End; at++ {
				got[at] = true
			}
		}
		if !slices.Equal(got, covered) {
			t.Fatalf("%v does not cover what was added", e)
		}
	}
}

func TestExtentsStayBounded(t *testing.T) {
	var e Extents
	for i := range int64(2 * maxExtents) {
		e = e.Add(i*10, i*10+1)
	}
	if len(e) > maxExtents {
		t.Fatalf("%d extents are kept", len(e))
	}
}
