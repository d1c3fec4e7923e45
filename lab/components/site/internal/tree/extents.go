package tree

import "slices"

// maxExtents bounds what is remembered for one file; beyond it neighbours are joined, which sends more and loses nothing.
const maxExtents = 512

// Extent is the half-open byte range [Start, End).
type Extent struct{ Start, End int64 }

// Extents are sorted and do not touch each other.
type Extents []Extent

// Add returns the extents with [start, end) included.
func (e Extents) Add(start, end int64) Extents {
	if start >= end {
		return e
	}
	first, _ := slices.BinarySearchFunc(e, start, func(x Extent, at int64) int {
		if x.End < at {
			return -1
		}
		return 1
	})
	last := first
	for last < len(e) && e[last].Start <= end {
		start, end = min(start, e[last].Start), max(end, e[last].End)
		last++
	}
	e = slices.Replace(e, first, last, Extent{start, end})
	if len(e) > maxExtents {
		return Extents{{e[0].Start, e[len(e)-1].End}}
	}
	return e
}

// Clip returns the parts that lie below size.
func (e Extents) Clip(size int64) Extents {
	var clipped Extents
	for _, x := range e {
		if x.Start < size {
			clipped = append(clipped, Extent{x.Start, min(x.End, size)})
		}
	}
	return clipped
}

// Bytes is the sum of the lengths.
func (e Extents) Bytes() int64 {
	var n int64
	for _, x := range e {
		n += x.End - x.Start
	}
	return n
}
