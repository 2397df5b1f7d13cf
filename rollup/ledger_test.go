package rollup_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/logproc/logproc/rollup"
)

func TestAddLost(t *testing.T) {
	lost := func(first, last int64) rollup.Lost {
		return rollup.Lost{First: first, Last: last, Reason: rollup.LostRetention}
	}
	corrupt := rollup.Lost{First: 10, Last: 19, Reason: rollup.LostCorrupt}
	for _, test := range []struct {
		name       string
		add, want  []rollup.Lost
		retentions uint64
	}{
		{"apart", []rollup.Lost{lost(0, 4), lost(6, 9)}, []rollup.Lost{lost(0, 4), lost(6, 9)}, 9},
		{"adjoining", []rollup.Lost{lost(0, 4), lost(5, 9)}, []rollup.Lost{lost(0, 9)}, 10},
		{"adjoining from below", []rollup.Lost{lost(5, 9), lost(0, 4)}, []rollup.Lost{lost(0, 9)}, 10},
		{"overlapping", []rollup.Lost{lost(0, 6), lost(4, 9)}, []rollup.Lost{lost(0, 9)}, 10},
		{"twice", []rollup.Lost{lost(3, 6), lost(3, 6)}, []rollup.Lost{lost(3, 6)}, 4},
		{"inside", []rollup.Lost{lost(0, 9), lost(3, 6)}, []rollup.Lost{lost(0, 9)}, 10},
		{"joining two", []rollup.Lost{lost(0, 2), lost(6, 9), lost(3, 5)}, []rollup.Lost{lost(0, 9)}, 10},
		{"another cause between", []rollup.Lost{lost(0, 9), corrupt, lost(20, 29)}, []rollup.Lost{lost(0, 9), corrupt, lost(20, 29)}, 20},
		{"backwards is nothing", []rollup.Lost{lost(5, 4)}, nil, 0},
		{"the largest", []rollup.Lost{lost(0, math.MaxInt64), lost(7, math.MaxInt64)}, []rollup.Lost{lost(0, math.MaxInt64)}, 1 << 63},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l rollup.Ledger
			for _, r := range test.add {
				l.AddLost(r)
			}
			if !reflect.DeepEqual(l.Lost, test.want) || l.LostOffsets[rollup.LostRetention] != test.retentions {
				t.Errorf("got %v and %v, want %v and %d", l.Lost, l.LostOffsets, test.want, test.retentions)
			}
		})
	}
}

func TestAddLostKeepsTheNewest(t *testing.T) {
	var l rollup.Ledger
	for i := range int64(rollup.MaxLost + 30) {
		l.AddLost(rollup.Lost{First: i * 10, Last: i*10 + 1, Reason: rollup.LostCorrupt})
	}
	if len(l.Lost) != rollup.MaxLost || l.Lost[0].First != 300 || l.LostOffsets[rollup.LostCorrupt] != 2*(rollup.MaxLost+30) {
		t.Errorf("%d ranges from %d, %v", len(l.Lost), l.Lost[0].First, l.LostOffsets)
	}
}

// TestLostOffsetsAreASet compares with a set of offsets.
func TestLostOffsetsAreASet(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 3))
		var l rollup.Ledger
		set := make(map[int64]bool)
		for range 30 {
			first := random.Int64N(200)
			last := first + random.Int64N(12)
			l.AddLost(rollup.Lost{First: first, Last: last, Reason: rollup.LostCorrupt})
			for o := first; o <= last; o++ {
				set[o] = true
			}
			inRanges := uint64(0)
			for _, r := range l.Lost {
				inRanges += r.Offsets()
			}
			if n := uint64(len(set)); l.LostOffsets[rollup.LostCorrupt] != n || inRanges != n {
				t.Fatalf("seed %d: %v and %v, want %d offsets", seed, l.Lost, l.LostOffsets, n)
			}
		}
	}
}

func TestSum(t *testing.T) {
	for _, test := range [][3]uint64{{1, 2, 3}, {math.MaxUint64, 0, math.MaxUint64}, {math.MaxUint64, 1, math.MaxUint64}, {1 << 63, 1 << 63, math.MaxUint64}} {
		if got := rollup.Sum(test[0], test[1]); got != test[2] {
			t.Errorf("%d + %d = %d, want %d", test[0], test[1], got, test[2])
		}
	}
}
