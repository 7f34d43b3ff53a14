package schema_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

const weather = `{"type":"object","additionalProperties":false,"required":["city"],"properties":{
	"city":{"type":"string","minLength":2},
	"days":{"type":"integer","exclusiveMinimum":true,"minimum":0},
	"unit":{"enum":["celsius","kelvin"],"type":"string","nullable":true},
	"at":{"type":"array","items":{"type":"object","properties":{"zip":{"type":"string","pattern":"^[0-9]{5}$"}}}}}}`

func TestArgumentsThatFitPass(t *testing.T) {
	t.Parallel()
	s := compile(t, weather)
	for _, arguments := range []string{
		`{"city":"Paris"}`,
		`{"city":"Paris","days":1.0,"unit":null,"at":[{"zip":"75001"}]}`,
		`{"city":"Rome","unit":"kelvin","days":9007199254740993}`,
	} {
		if err := s.Check(convo.JSON(arguments)); err != nil {
			t.Errorf("%s: got %v", arguments, err)
		}
	}
}

func TestTheModelIsToldWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := compile(t, weather)
	const not = "the arguments do not fit the function's schema: "
	for _, c := range []struct{ arguments, want string }{
		{`{"city"`, "the arguments are not JSON: unexpected end of JSON input"},
		{``, "the arguments are not JSON: unexpected end of JSON input"},
		{`["Paris"]`, "the arguments have to be a JSON object"},
		{`null`, "the arguments have to be a JSON object"},
		{`{"city":"Paris","days":1e400}`, "a number in the arguments is out of range"},
		{`{}`, not + "at '/': missing property 'city'"},
		{`{"city":7}`, not + "at '/city': got number, want string"},
		{`{"city":"Paris","days":0}`, not + "at '/days': exclusiveMinimum: got 0, want 0"},
		{`{"city":"Paris","unit":"rankine"}`, not + `at '/unit': value must be one of ["celsius","kelvin"]; at '/unit': got string, want null`},
		{`{"city":"Paris","town":1}`, not + "at '/': additional properties 'town' not allowed"},
		{`{"city":"P","at":[{"zip":"7500"}]}`, not + "at '/city': minLength: got 1, want 2; at '/at/0/zip': '7500' does not match pattern '^[0-9]{5}$'"},
	} {
		err := s.Check(convo.JSON(c.arguments))
		if convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%s: got %v, want an error for the model", c.arguments, err)
			continue
		}
		if got := err.Error(); !sameReasons(got, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", c.arguments, got, c.want)
		}
	}
}

// sameReasons compares texts whose reasons may come in any order.
func sameReasons(got, want string) bool {
	for _, reason := range strings.Split(want, "; ") {
		if !strings.Contains(got, strings.TrimPrefix(reason, "the arguments do not fit the function's schema: ")) {
			return false
		}
	}
	return len(got) == len(want)
}

func TestReasonsAreShort(t *testing.T) {
	t.Parallel()
	s := compile(t, `{"additionalProperties":{"type":"string"},"propertyNames":{"maxLength":9}}`)
	arguments := `{"é` + strings.Repeat("é", 5000) + `":""`
	for i := range 500 {
		arguments += `,"` + strings.Repeat("x", i+1) + `":` + "1"
	}
	err := s.Check(convo.JSON(arguments + "}"))
	if err == nil || len(err.Error()) > 1100 || !utf8.ValidString(err.Error()) {
		t.Errorf("got %v, want a short text", err)
	}
}

func TestPatternsThatGoDoesNotKnowAreNotChecked(t *testing.T) {
	t.Parallel()
	sent := properties(`"a":{"type":"string","pattern":"^(?=x)y"},"b":{"type":"string","pattern":"(x{100}){1000}"},` +
		`"c":{"patternProperties":{"^(?!x)":{"type":"null"},"y":{"type":"null"}},"additionalProperties":false}`)
	s := compile(t, sent)
	if err := s.Check(convo.JSON(`{"a":"z","b":"z","c":{"z":1}}`)); err != nil || !s.Checked() {
		t.Errorf("got %v and %v, want them to fit", err, s.Fault())
	}
	if s.Check(convo.JSON(`{"a":1}`)) == nil {
		t.Error("the rest of the schema is not checked either")
	}
}

// TestChecksAreBounded would run for hours without the bounds.
func TestChecksAreBounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sent, arguments string }{
		{"many schemas for many values",
			properties(`"a":{"items":{"allOf":[` + strings.Repeat(`{"multipleOf":1.1},`, 4000) + `{}]}}`),
			`{"a":[` + strings.Repeat("1,", 50000) + `1]}`},
		{"a long text for a long pattern",
			properties(`"a":{"pattern":"` + strings.Repeat("(x+x+)+", 100) + `y"}`),
			`{"a":"` + strings.Repeat("x", 200<<10) + `"}`},
		{"numbers with huge exponents",
			properties(`"a":{"items":{"multipleOf":0.1}}`),
			`{"a":[` + strings.Repeat("1e-300,", 2000) + `1]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_ = compile(t, c.sent).Check(convo.JSON(c.arguments)) // that it ends is what counts
		})
	}
}
