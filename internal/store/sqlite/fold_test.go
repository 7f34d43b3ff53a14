package sqlite

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

// randomFold makes a list as a message may have it.
func randomFold(r *rand.Rand) (seq, at int64, voices []voice, pieces []piece) {
	all := []voice{{"t", "", convo.Bot, ""}, {"", "token", convo.Bot, "part"}, {}, {kind: convo.User, part: "a-b"}}
	voices = all[:1+r.IntN(len(all))]
	seq, at = 1+r.Int64N(9), r.Int64N(1<<42)
	for range 1 + r.IntN(50) {
		pieces = append(pieces, piece{
			seq: seq, at: at, size: r.Int32N(1 << r.IntN(20)), voice: int32(r.IntN(len(voices))),
		})
		seq += 1 + max(0, r.Int64N(40)-35)*r.Int64N(400_000)
		at += r.Int64N(100) - 10 // clocks are set
	}
	return seq + r.Int64N(3), at + r.Int64N(50), voices, pieces
}

func TestAListOfDeltasComesBackAsItWas(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		seq, at, voices, pieces := randomFold(r)
		own := voices[0]
		if r.IntN(2) == 0 {
			own = voice{turn: "another", kind: convo.Bot}
		}
		b := appendFold(nil, seq, at, own, voices, pieces)
		gotVoices, gotPieces, err := readFold(b, seq, at, own)
		if err != nil || !reflect.DeepEqual(gotVoices, voices) || !reflect.DeepEqual(gotPieces, pieces) {
			t.Fatalf("%x of %d: %v\n got %v %v\nwant %v %v", b, seq, err, gotVoices, gotPieces, voices, pieces)
		}
	}
}

func TestADamagedListOfDeltasIsAnError(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	seq, at, voices, pieces := randomFold(r)
	b := appendFold(nil, seq, at, voice{turn: "another", kind: convo.Bot}, voices, pieces)
	for n := range b {
		if _, _, err := readFold(b[:n], seq, at, voices[0]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a list", n, len(b))
		}
	}
	if _, _, err := readFold(append(b, 0), seq, at, voices[0]); err == nil {
		t.Error("a byte too many is overlooked")
	}
}

func FuzzReadFold(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 5 {
		seq, at, voices, pieces := randomFold(r)
		f.Add(appendFold(nil, seq, at, voices[0], voices, pieces), seq, at)
	}
	f.Fuzz(func(t *testing.T, b []byte, seq, at int64) {
		own := voice{turn: "t", origin: "o", kind: convo.Bot}
		voices, pieces, err := readFold(b, seq, at, own)
		if err != nil {
			return
		}
		last := int64(0)
		for _, p := range pieces {
			if p.seq <= last || p.seq >= seq || p.size < 0 || int(p.voice) >= len(voices) {
				t.Fatalf("after %d, below %d, with %d voices: %+v", last, seq, len(voices), p)
			}
			last = p.seq
		}
		if len(pieces) == 0 || seq > math.MaxUint32 {
			return
		}
		again := appendFold(nil, seq, at, own, voices, pieces)
		gotVoices, gotPieces, err := readFold(again, seq, at, own)
		if err != nil || !reflect.DeepEqual(gotVoices, voices) || !reflect.DeepEqual(gotPieces, pieces) {
			t.Fatalf("%v: %v %v became %v %v", err, voices, pieces, gotVoices, gotPieces)
		}
	})
}

func FuzzUUID(f *testing.F) {
	f.Add("01890000-0000-7000-8000-0123456789ab")
	f.Add("01890000-0000-7000-8000-0123456789AB")
	f.Add("0189000000-00-7000-8000-0123456789ab")
	f.Fuzz(func(t *testing.T, id string) {
		var raw [16]byte
		if parseUUID(&raw, id) && formatUUID(string(raw[:])) != id {
			t.Fatalf("%q became %q", id, formatUUID(string(raw[:])))
		}
	})
}

func TestOnlyCanonicalUUIDsBecomeBytes(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"01890000-0000-7000-8000-0123456789ab":  true,
		"01890000-0000-7000-8000-0123456789AB":  false,
		"018900000000-7000-8000-0123456789ab-":  false,
		"01890000-0000-7000-8000-0123456789a":   false,
		"01890000-0000-7000-8000-0123456789abc": false,
		"g1890000-0000-7000-8000-0123456789ab":  false,
		"":                                      false,
	} {
		var raw [16]byte
		if parseUUID(&raw, id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}
