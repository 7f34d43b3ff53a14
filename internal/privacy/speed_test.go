package privacy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/privacy"
)

// hostile are texts that would be slow to go through if looks to the side were not
// bounded, or were repeated.
func hostile() map[string]string {
	all := map[string]string{}
	for _, unit := range []string{
		"a@", "@", "1 ", "1-", "1", "+1 ", ":", "::", "a:", "://", "http://", "a://b@", "%41", "%", "&", "&#", "\\", "\\u004", "\u200b", "a.", "a@b.", "\"@", "sk-", "sk-a1",
		"token:", "password is ", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "Ann ", "Mr. ", "Dear ", "rue A ", "A Street ", "1 A Street, ", "市", "市1", "我叫", "さん", "名前は",
		"DE89 ", "de89", "(1) ", "((((", "1980-01-01 born ", "geb. 1.1.80 ", "name: ", "A b ", "O'", "a-", "eyJ.", "1.1.1.1.", "2001:", "?token=", "AB 12 ",
	} {
		all[unit] = unit
	}
	return all
}

func TestTimeGrowsWithTheLengthOnly(t *testing.T) {
	t.Parallel()
	for name, unit := range hostile() {
		text := strings.Repeat(unit, 1<<17/len(unit))
		began := time.Now()
		privacy.Detect(text)
		if took := time.Since(began); took > 20*time.Second { // generous: what is not linear takes much more
			t.Errorf("128 KiB of %q took %s", name, took)
		}
	}
}

// A conversation is masked where all others wait to be stored.
func TestTimeDoesNotGrowWithTheValuesThatBeginAlike(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value func(i int) string
		many  int
		text  string
	}{
		"phones":    {func(i int) string { return fmt.Sprintf("+4930%07d", i*7) }, 10_000, strings.Repeat("+4930 ", 32<<10)},
		"addresses": {func(i int) string { return fmt.Sprintf("https://example.com/customers/%06d", i) }, 5000, strings.Repeat("https://example.com/customers/ ", 8<<10)},
		"one word":  {func(i int) string { return strings.Repeat("a", 1000+i) + "b" }, 500, strings.Repeat("a", 64<<10)},
	} {
		v := newVault()
		began := time.Now()
		for i := range c.many {
			v.Know("x", c.value(i), "")
		}
		v.Mask(c.text)
		if took := time.Since(began); took > 20*time.Second { // see above; it was far more than that
			t.Errorf("%s took %s", name, took)
		}
		if masked, _ := v.Mask("«" + c.value(7) + "»"); len(masked) != len("«»")+11 {
			t.Errorf("%s: %q", name, masked)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	for _, c := range []struct{ name, unit string }{
		{"prose", "The weather in the mountains was fine that day, and nobody thought of going home before the evening came. "},
		{"german", "Das Wetter in den Bergen war schön, und niemand dachte daran, früher nach Hause zu gehen als nötig. "},
		{"chinese", "山里的天气很好，没有人想在天黑之前回家，大家都坐在湖边聊天。"},
		{"json", `{"id":48213,"created":"2024-05-01T10:11:12Z","total":129900,"items":[{"sku":"AB-1029","count":3}],"ok":true},`},
		{"letters", "Dear Ann, my number is +49 30 901820 and my address 12 Rose Lane, Bristol BS1 4ND. Write to ann@example.com. "},
	} {
		text := strings.Repeat(c.unit, 64<<10/len(c.unit))
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				privacy.Detect(text)
			}
		})
	}
}
