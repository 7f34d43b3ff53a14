package uipath

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestAnOffsetIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	moved := []*attachment{
		{index: 0, at: position{seq: 41}}, {index: 7, at: position{seq: 9, sub: 2}}, {index: 12, at: position{replay: true, sub: 3}},
	}
	for n := range len(moved) + 1 {
		var text string
		if err := json.Unmarshal(offset{base: 3_000_000_000}.quote(moved[:n]), &text); err != nil {
			t.Fatal(err)
		}
		o, err := parseOffset(text)
		if err != nil {
			t.Fatal(text, err)
		}
		want := map[int]position{}
		for _, a := range moved[:n] {
			want[a.index] = a.at
		}
		if o.base != 3_000_000_000 || !maps.Equal(o.moved, want) {
			t.Errorf("%s is read as %+v", text, o)
		}
	}
}

func TestWhatIsNoOffsetIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "1", "x!;", "1;0", "1;0:", "1;:1", "1;0:r", "1;0:1.", "1;0:1.0", "1;0:-1", "1;-1:1", "1;0:1,", strings.Repeat("1", maxOffset+1)} {
		if o, err := parseOffset(text); err == nil {
			t.Errorf("%q is read as %+v", text, o)
		}
	}
}

func TestPositionsAreInTheOrderInWhichTheyAreReached(t *testing.T) {
	t.Parallel()
	order := []position{
		{replay: true}, {replay: true, sub: 1}, {replay: true, sub: 2}, {seq: 5}, {seq: 6, sub: 1}, {seq: 6, sub: 2}, {seq: 6}, {seq: 7},
	}
	for i, p := range order {
		for j, q := range order {
			if got := p.covers(q); got != (j <= i) {
				t.Errorf("%+v covers %+v: %t", p, q, got)
			}
		}
	}
}

func TestASessionFindsWhereItsClientIs(t *testing.T) {
	t.Parallel()
	saved := savedSession{First: 10, Attached: []savedAttachment{
		{Index: 0, Last: 5, Replays: true}, {Index: 1, Last: 6}, {Index: 4, Last: 7, Replays: true},
	}, Bases: []savedBase{{Number: 12, At: map[int]string{0: "8"}}, {Number: 13, At: map[int]string{0: "9", 1: "r2"}}}}
	for given, want := range map[string]string{
		"":                "[0:r0 1:6 4:r0]", // nothing was given
		"nonsense":        "[0:r0 1:6 4:r0]",
		"c;":              "[0:8 1:6 4:r0]",
		"d;4:20.1":        "[0:9 1:r2 4:20.1]",
		"d;0:11,9:1":      "[0:11 1:r2 4:r0 9:1]",
		"zzz;0:11":        "[0:r0 1:6 4:r0]", // of another session
		"b;0:11":          "unknown",         // too old
		"a;":              "unknown",
		"e;0:1":           "[0:r0 1:6 4:r0]", // of no base that ever was
		"d;0:11,0:12,0:1": "[0:1 1:r2 4:r0]",
	} {
		at, err := saved.positions(given)
		got := "unknown"
		if err == nil {
			var list []string
			for _, i := range slices.Sorted(maps.Keys(at)) {
				list = append(list, fmt.Sprintf("%d:%s", i, at[i].append(nil)))
			}
			got = fmt.Sprint(list)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", given, got, want)
		}
	}
}

func FuzzOffset(f *testing.F) {
	f.Add("1;0:5,3:r2,4:6.1")
	f.Add("zz;")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseOffset(text)
		if err != nil {
			return
		}
		var moved []*attachment
		for i, p := range o.moved {
			moved = append(moved, &attachment{index: i, at: p})
		}
		var again string
		if err := json.Unmarshal(o.quote(moved), &again); err != nil {
			t.Fatal(err)
		}
		if back, err := parseOffset(again); err == nil && (back.base != o.base || !maps.Equal(back.moved, o.moved)) {
			t.Errorf("%q became %q", text, again)
		}
	})
}
