package bench

import (
	"strings"
	"testing"
)

func TestAMeasureIsTheMedianOfItsRounds(t *testing.T) {
	t.Parallel()
	rounds := []pair{{3, 1}, {8, 4}, {5, 5}}
	m := measure(goal{name: "x", kind: Ratio, limit: 2}, rounds)
	if m.Value != 2 || m.Low != 1 || m.High != 3 || m.Subject != 5 || m.Baseline != 4 || !m.Met {
		t.Errorf("got %+v", m)
	}
	if m := measure(goal{kind: Ratio, limit: 2.5, floor: true}, rounds); m.Met {
		t.Errorf("a floor is reached by %+v", m)
	}
	if m := measure(goal{kind: Difference, limit: 1.5}, rounds); m.Value != 2 || m.Met {
		t.Errorf("got %+v", m)
	}
	if got := median([]float64{4, 1, 2, 3}); got != 2.5 {
		t.Errorf("the median is %v", got)
	}
}

func TestATableSaysWhatWasMissed(t *testing.T) {
	t.Parallel()
	good := Result{Row: "good", Measures: []Measure{measure(goal{name: "CPU", unit: "µs", kind: Ratio, limit: 2}, []pair{{3, 2}})}}
	bad := Result{Row: "bad", Measures: []Measure{measure(goal{name: "CPU", unit: "µs", kind: Ratio, limit: 1.2}, []pair{{3, 2}})}}
	broken := Result{Row: "broken", Goal: "≤ 1×", Error: "a token was lost"}
	var b strings.Builder
	if err := Table(&b, []Result{good, bad, broken}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1.5×", "≤ 2×", "met", "MISSED", "FAILED", "broken: FAILED: a token was lost"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &b)
		}
	}
	if !good.met() || bad.met() || broken.met() {
		t.Error("the verdicts are wrong")
	}
}
