package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Result is what a row gave.
type Result struct {
	Row      string        `json:"row"`
	What     string        `json:"what"`
	Goal     string        `json:"goal"`
	Measures []Measure     `json:"measures"`
	Notes    []string      `json:"notes,omitempty"`
	Error    string        `json:"error,omitempty"` // why the row could not be measured
	Met      bool          `json:"met"`
	Took     time.Duration `json:"tookNanoseconds"`
}

// Measure is one figure of a row. Subject and Baseline are medians in Unit;
// Value is what the goal speaks of: a ratio, a difference or the subject alone.
// Low and High are the least and the greatest Value of a round.
type Measure struct {
	Name     string  `json:"name"`
	Unit     string  `json:"unit"`
	Subject  float64 `json:"subject"`
	Baseline float64 `json:"baseline,omitempty"`
	Kind     Kind    `json:"kind"`
	Value    float64 `json:"value"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Rounds   int     `json:"rounds"`
	Limit    float64 `json:"limit,omitempty"` // 0 = the figure is only told
	Floor    bool    `json:"floor,omitempty"` // Value has to reach Limit, not to stay within it
	Met      bool    `json:"met"`
}

// Kind says what the value of a measure is.
type Kind string

// The kinds of values.
const (
	Ratio      Kind = "ratio"      // subject / baseline
	Difference Kind = "difference" // subject - baseline
	Alone      Kind = "alone"      // subject
)

// value gives one round's value.
func (k Kind) value(subject, baseline float64) float64 {
	switch k {
	case Ratio:
		return subject / baseline
	case Difference:
		return subject - baseline
	}
	return subject
}

// goal is what a measure has to keep.
type goal struct {
	name, unit string
	kind       Kind
	limit      float64
	floor      bool
}

// pair is what one round gave.
type pair struct{ subject, baseline float64 }

// measure sums up rounds.
func measure(g goal, rounds []pair) Measure {
	values := make([]float64, len(rounds))
	subjects, baselines := make([]float64, len(rounds)), make([]float64, len(rounds))
	for i, r := range rounds {
		values[i], subjects[i], baselines[i] = g.kind.value(r.subject, r.baseline), r.subject, r.baseline
	}
	m := Measure{
		Name: g.name, Unit: g.unit, Kind: g.kind, Limit: g.limit, Floor: g.floor, Rounds: len(rounds),
		Subject: median(subjects), Baseline: median(baselines), Value: median(values),
		Low: slices.Min(values), High: slices.Max(values),
	}
	switch {
	case m.Limit == 0:
		m.Met = true
	case m.Floor:
		m.Met = m.Value >= m.Limit
	default:
		m.Met = m.Value <= m.Limit
	}
	return m
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func (r *Result) add(g goal, rounds []pair) { r.Measures = append(r.Measures, measure(g, rounds)) }

func (r *Result) notef(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// met reports whether all goals were reached. A row without a measure has
// reached none.
func (r *Result) met() bool {
	for _, m := range r.Measures {
		if !m.Met {
			return false
		}
	}
	return len(r.Measures) > 0
}

// Table prints results for people.
func Table(w io.Writer, results []Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "row\tmeasure\tparley\tbaseline\tvalue\tspread\tgoal\tverdict")
	for _, r := range results {
		for _, m := range r.Measures {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s – %s\t%s\t%s\n", r.Row, m.Name,
				figure(m.Subject, m.Unit), m.baseline(), m.show(m.Value), m.show(m.Low), m.show(m.High), m.goal(), m.verdict())
		}
		if r.Error != "" {
			fmt.Fprintf(table, "%s\t\t\t\t\t\t%s\tFAILED\n", r.Row, r.Goal)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		for _, note := range r.Notes {
			fmt.Fprintf(w, "%s: %s\n", r.Row, note)
		}
		if r.Error != "" {
			fmt.Fprintf(w, "%s: FAILED: %s\n", r.Row, r.Error)
		}
	}
	return nil
}

func (m *Measure) baseline() string {
	if m.Kind == Alone {
		return "–"
	}
	return figure(m.Baseline, m.Unit)
}

// show writes a value, or the limit of one.
func (m *Measure) show(value float64) string {
	if m.Kind == Ratio {
		return fmt.Sprintf("%.3g×", value)
	}
	return figure(value, m.Unit)
}

func (m *Measure) goal() string {
	switch {
	case m.Limit == 0:
		return "–"
	case m.Floor:
		return "≥ " + m.show(m.Limit)
	}
	return "≤ " + m.show(m.Limit)
}

func (m *Measure) verdict() string {
	switch {
	case m.Limit == 0:
		return "–"
	case m.Met:
		return "met"
	}
	return "MISSED"
}

func figure(value float64, unit string) string { return fmt.Sprintf("%.4g %s", value, unit) }
