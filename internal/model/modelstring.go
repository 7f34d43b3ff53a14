package model

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// maxModelString bounds a model string, which goes into the log of every call.
const maxModelString = 1024

// Spec is a model string, taken apart.
type Spec struct {
	Name        string // as written, "" = the default model
	Params      Params
	MaxMessages int // at most that many of the latest messages go to the model; 0 = all
}

// Parse takes a model string apart, in the form in which ChatBotKit's helpers
// write it: name/key=value/key=value. The parameters start at the first segment
// with an equals sign; the name before them may have slashes of its own. Keys
// that are not known are ignored, values that cannot be read are an error of
// kind [convo.Invalid] which names the key.
func Parse(s string) (Spec, error) {
	if len(s) > maxModelString || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return Spec{}, convo.Errorf(convo.Invalid, "model: must be a name of at most %d printable bytes, like gpt-4o/temperature=0.5", maxModelString)
	}
	segments := strings.Split(s, "/")
	named := len(segments)
	for i, segment := range segments {
		if strings.Contains(segment, "=") {
			named = i
			break
		}
	}
	spec := Spec{Name: strings.TrimSpace(strings.Join(segments[:named], "/"))}
	for _, segment := range segments[named:] {
		key, value, _ := strings.Cut(segment, "=")
		if err := spec.set(key, value); err != nil {
			return Spec{}, err
		}
	}
	return spec, nil
}

// nameable reports whether a model string can give this name.
func nameable(name string) bool {
	spec, err := Parse(name)
	return err == nil && name != "" && spec.Name == name
}

func (s *Spec) set(key, value string) (err error) {
	switch key {
	case "maxTokens":
		s.Params.MaxTokens, err = parseInt(key, value, 1, math.MaxInt32)
	case "seed":
		s.Params.Seed, err = parseInt(key, value, math.MinInt64, math.MaxInt64)
	case "interactionMaxMessages":
		var n *int64
		if n, err = parseInt(key, value, 1, math.MaxInt32); err == nil {
			s.MaxMessages = int(*n)
		}
	case "temperature":
		s.Params.Temperature, err = parseNumber(key, value, 0, 2)
	case "frequencyPenalty":
		s.Params.FrequencyPenalty, err = parseNumber(key, value, -2, 2)
	case "presencePenalty":
		s.Params.PresencePenalty, err = parseNumber(key, value, -2, 2)
	case "region":
		// There is one region here: wherever the server runs.
		if value != "us" && value != "eu" {
			err = convo.Errorf(convo.Invalid, "model: region must be us or eu")
		}
	}
	return err
}

func parseInt(key, value string, least, most int64) (*int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		return nil, convo.Errorf(convo.Invalid, "model: %s must be a whole number from %d to %d", key, least, most)
	}
	return &n, nil
}

// parseNumber reads a number as JavaScript prints it, so neither the
// hexadecimal forms nor the infinities that ParseFloat takes as well.
func parseNumber(key, value string, least, most float64) (*float64, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || strings.Trim(value, "0123456789+-.eE") != "" || f < least || f > most {
		return nil, convo.Errorf(convo.Invalid, "model: %s must be a number from %g to %g", key, least, most)
	}
	return &f, nil
}

// over lays a request's parameters over those that an alias or the default
// model brings.
func (s Spec) over(base Spec) Spec {
	merged := Spec{
		Name: base.Name,
		Params: Params{
			MaxTokens:        first(s.Params.MaxTokens, base.Params.MaxTokens),
			Seed:             first(s.Params.Seed, base.Params.Seed),
			Temperature:      first(s.Params.Temperature, base.Params.Temperature),
			FrequencyPenalty: first(s.Params.FrequencyPenalty, base.Params.FrequencyPenalty),
			PresencePenalty:  first(s.Params.PresencePenalty, base.Params.PresencePenalty),
		},
		MaxMessages: base.MaxMessages,
	}
	if s.MaxMessages > 0 {
		merged.MaxMessages = s.MaxMessages
	}
	return merged
}

func first[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}
