package bench

import (
	"math"
	"math/rand/v2"
	"strings"
)

// prose makes texts that resemble English as far as a database can tell: words
// as frequent and as long as its words, in sentences. What it says means
// nothing. Texts of 1,000 bytes deflate to about what people's messages do.
type prose struct {
	words []string // by how often they are said
	table [tableSize]uint16
}

const tableSize = 1 << 16

// frequent are the words of which half of all English text consists, the most
// frequent first; rarer ones are made of syllables.
const frequent = `the of and to a in is that it for you was with on as be at this have from or by one had not but
what all were when we there can an your which their if will each about how up out them then she many some so these would
other into has more her two like him see time could no make than first been its who now people my made over did down only
way find use may water long little very after words called just where most know get through back much before go good new
write our me man too any day same right look think also around another came come work three must because does part even
place well such here take why help put different away again off went old number great tell men say small every found still
between name should home big give air line set own under read last never us left end along while might next sound below
saw something thought both few those always show large often together asked house world going want school important until
form food keep children feet land side without boy once animal life enough took four head above kind began almost live page
got earth need far hand high year mother light country father let night picture being study second soon story since white
ever paper hard near sentence better best across during today however sure knew try told young sun thing whole hear example
heard several change answer room sea against top turned learn point city play toward five himself usually money seen car
morning order open sorry thanks please hello problem account price delivery invoice customer question possible available
appointment reservation yesterday tomorrow usually probably certainly information understand`

// syllables make the rarer words.
const syllables = `al an ar as at be ber bi can cat cen cer chan com con cor cra cu de den der di dis do dra du el em en er
es ex fa fer fi for ful ga gen gra gre ha her ho hu im in ing ion is ist it ity ju ka ke la lan le lec les li lin lo ly ma
man mar me men mer mi min mo ment na nal ne ness ni no nor o of on op or out pa par pen per pi pla po por pre pri pro qua
ra re res ri ro ron sa se sen ser shi si sion so sta ster sti str su sub ta tal te ten ter ti tic tion to tor tra tri tu ture
ty ul un up ur us va ve ver vi vo wa war we wi with wo y za zen`

const rareWords = 6000

// newProse makes the same words each time.
func newProse() *prose {
	p := &prose{words: strings.Fields(frequent)}
	parts := strings.Fields(syllables)
	rng := rand.New(rand.NewPCG(1, 2))
	for range rareWords {
		var word strings.Builder
		for range 2 + rng.IntN(3) {
			word.WriteString(parts[rng.IntN(len(parts))])
		}
		p.words = append(p.words, word.String())
	}
	p.weigh()
	return p
}

// weigh fills the table from which words are drawn: a word is said as often as
// its rank has it, by Zipf's law.
func (p *prose) weigh() {
	weights := make([]float64, len(p.words))
	sum := 0.0
	for i := range weights {
		weights[i] = math.Pow(float64(i)+2.7, -1.0)
		sum += weights[i]
	}
	at, reached := 0, weights[0]
	for i := range p.table {
		for reached/sum*tableSize < float64(i+1) && at < len(weights)-1 {
			at++
			reached += weights[at]
		}
		p.table[i] = uint16(at)
	}
}

// say appends sentences of about size bytes, at least a word.
func (p *prose) say(b []byte, size int, rng *rand.Rand) []byte {
	for sentence := 0; ; sentence++ {
		words := 4 + rng.IntN(18)
		for i := range words {
			word := p.words[p.table[rng.Uint32()&(tableSize-1)]]
			start := len(b)
			b = append(b, word...)
			if i == 0 {
				b[start] -= 'a' - 'A'
			}
			if len(b) >= size {
				return append(b, '.')
			}
			switch n := rng.IntN(100); {
			case i == words-1:
				b = append(b, ". "...)
			case n < 8:
				b = append(b, ", "...)
			default:
				b = append(b, ' ')
			}
		}
		if sentence%7 == 6 {
			b[len(b)-1] = '\n'
		}
	}
}

// noise appends size random characters, which hardly get smaller.
func noise(b []byte, size int, rng *rand.Rand) []byte {
	for range size {
		b = append(b, byte(' '+1+rng.IntN('~'-' ')))
	}
	return b
}

// textSize draws the length of a message: lognormal, with the mean that is
// asked for. Most are short and a few are very long, as people's are.
func textSize(mean int, rng *rand.Rand) int {
	const sigma = 1.0
	size := math.Exp(rng.NormFloat64()*sigma + math.Log(float64(mean)) - sigma*sigma/2)
	return max(1, min(int(size), maxText))
}

const maxText = 128 << 10
