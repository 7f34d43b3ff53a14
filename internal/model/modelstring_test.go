package model_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

func TestParseReadsNamesAndParameters(t *testing.T) {
	t.Parallel()
	spec, err := model.Parse("local/org/llama-3/maxTokens=100/seed=-7/temperature=0.7/frequencyPenalty=-1e-1/presencePenalty=2/interactionMaxMessages=5/region=eu/unknown=x/odd")
	if err != nil {
		t.Fatal(err)
	}
	p := spec.Params
	if spec.Name != "local/org/llama-3" || spec.MaxMessages != 5 {
		t.Errorf("got name %q and %d messages", spec.Name, spec.MaxMessages)
	}
	if *p.MaxTokens != 100 || *p.Seed != -7 || *p.Temperature != 0.7 || *p.FrequencyPenalty != -0.1 || *p.PresencePenalty != 2 {
		t.Errorf("got parameters %+v", p)
	}
}

func TestParseLeavesWhatIsNotGiven(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "gpt-4o", "gpt-4o/region=us"} {
		spec, err := model.Parse(s)
		if err != nil || spec.Params != (model.Params{}) || spec.MaxMessages != 0 {
			t.Errorf("Parse(%q) = %+v, %v; want no parameters", s, spec, err)
		}
	}
	if spec, err := model.Parse("temperature=1"); err != nil || spec.Name != "" || *spec.Params.Temperature != 1 {
		t.Errorf("got %+v, %v; want the default model with a parameter", spec, err)
	}
}

func TestParseNamesTheMalformedKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ s, key string }{
		{"m/maxTokens=0", "maxTokens"}, {"m/maxTokens=1.5", "maxTokens"}, {"m/maxTokens=", "maxTokens"},
		{"m/seed=x", "seed"}, {"m/interactionMaxMessages=-1", "interactionMaxMessages"},
		{"m/temperature=hot", "temperature"}, {"m/temperature=NaN", "temperature"}, {"m/temperature=0x1p-2", "temperature"},
		{"m/temperature=3", "temperature"}, {"m/temperature=Infinity", "temperature"},
		{"m/frequencyPenalty=-3", "frequencyPenalty"}, {"m/presencePenalty=1_0", "presencePenalty"},
		{"m/region=mars", "region"}, {"m\n", "model"}, {"m\xff", "model"}, {strings.Repeat("m", 2000), "model"},
	} {
		_, err := model.Parse(c.s)
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(convo.PublicError(err).Message, c.key) {
			t.Errorf("Parse(%.40q) gave %v, want an invalid %s", c.s, err, c.key)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("gpt-4o/temperature=0.5/maxTokens=10")
	f.Add("a/b=/=/seed=9223372036854775808")
	f.Fuzz(func(t *testing.T, s string) {
		spec, err := model.Parse(s)
		if err != nil {
			if convo.ErrorKind(err) != convo.Invalid {
				t.Errorf("error %v of another kind", err)
			}
			return
		}
		if strings.Contains(spec.Name, "=") || !strings.HasPrefix(strings.TrimSpace(s), spec.Name) {
			t.Errorf("Parse(%q) has the name %q", s, spec.Name)
		}
		if again, err := model.Parse(spec.Name); err != nil || again.Name != spec.Name {
			t.Errorf("the name %q does not stand for itself: %+v, %v", spec.Name, again, err)
		}
	})
}
