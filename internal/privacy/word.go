package privacy

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// role is what a word may mean for what stands beside it.
type role uint16

const (
	title      role = 1 << iota // Mr, Frau: a name follows
	closing                     // regards: a name follows, mostly on the next line
	greeting                    // dear: a name follows, if it is no other word
	given                       // a common given name
	streetEnd                   // Street: the name of the street stands before it, and its number
	streetHead                  // rue, Via: the name of the street follows, and its number
	intro                       // the last word of what announces a name
	notName                     // written like a name, and none
	secret                      // password: a secret follows
)

// longestWord is how many bytes a word has at most that means something.
const longestWord = 32

// givenNames are common given names of many languages, in small letters. Those that
// are places or other words as well are not in it.
//
//go:embed names.txt
var givenNames string

// roles gives what words mean, by the word in small letters. It is made once and
// nobody changes it.
var roles = sync.OnceValue(func() map[string]role {
	all := map[string]role{}
	put := func(r role, words string) {
		for word := range strings.FieldsSeq(words) {
			all[word] |= r
		}
	}
	put(given, givenNames)
	put(title, `m mr mrs ms miss mister dr prof professor herr herrn frau hr fru mme mlle madame monsieur sr sra srta señor señora
		don doña sig sigra signor signora dott dottssa dottoressa senhor senhora pan pani pana panią mevrouw meneer dhr mevr
		господин госпожа г-н г-жа пан пані bay bayan herra rouva`)
	put(closing, `regards sincerely yours cheers greetings grüße grüßen gruß gruss grüsse cordialement salutations saludo saludos
		atentamente saluti atenciosamente cumprimentos abraço groet groeten poważaniem pozdrawiam hälsningar hilsen уважением signed saygılarımla`)
	put(greeting, `dear liebe lieber cher chère querido querida estimado estimada caro cara gentile egregio beste drogi droga kära kære kjære
		дорогой дорогая уважаемый уважаемая sevgili sayın hi hello hallo hey bonjour hola ciao olá hej cześć привет merhaba`)
	put(streetEnd, `street st avenue ave road rd lane ln drive dr boulevard blvd court ct square sq terrace crescent close highway hwy
		parkway pkwy place pl way row mews circle cir trail grove caddesi cad sokak sokağı sok bulvarı`)
	put(streetHead, `rue avenue av boulevard bd place impasse allée chemin quai route cours calle c avenida avda plaza paseo carrera camino
		via viale piazza corso vicolo largo rua travessa praça alameda estrada ul ulica al aleja aleje pl os osiedle
		ул улица проспект пр-т просп переулок пер бульвар вул am an auf`)
	put(notName, `the a an and or but i we you he she it they this that my your his her our their is are was not no yes in on at by for from to of
		monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december feb mar apr jun jul aug sep sept oct nov dec
		sir madam team all everyone customer customers friend friends colleague colleagues there support service hiring manager committee
		street station road university college airport hotel hospital city river park museum award prize theorem monument island county bank
		inc ltd gmbh llc corp group day week kunde kunden kundin damen herren kollegen kolleginnen team alle zusammen clients client équipe
		cliente clientes equipo amigos tutti signori klant klanten państwo kunden all alla kolleger коллеги клиент друзья
		und der die das ich wir sie ein eine mit und le la les un une et il elle je nous vous el los las y yo il lo gli un una e io
		happy sorry glad sure here fine ready good new old thank thanks please born aus von from`)
	put(secret, `token tokens secret password passwd passwort kennwort passphrase contraseña wachtwoord hasło signature credential credentials
		pwd pass pw jwt bearer authorization api apikey passe pin psk accesskey private access client auth session account`)
	for last := range introductions() {
		all[last] |= intro
	}
	return all
})

// roleOf gives what a word means.
func roleOf(word string) role {
	if len(word) > longestWord {
		return 0
	}
	var buffer [longestWord]byte
	small := buffer[:0]
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return roles()[strings.ToLower(word)]
		}
		small = append(small, lower(word[i]))
	}
	return roles()[string(small)]
}

// wordAt gives where a word ends that begins at i: letters, with marks, and a dash
// or an apostrophe between them.
func wordAt(text string, i int) (end int) {
	end = i
	for j := i; j < len(text); {
		c := text[j]
		switch {
		case isLetter(c):
			j++
			end = j
		case (c == '-' || c == '\'') && j > i && j == end:
			j++
		case c < utf8.RuneSelf:
			return end
		default:
			r, size := utf8.DecodeRuneInString(text[j:])
			if !unicode.IsLetter(r) && !unicode.IsMark(r) {
				return end
			}
			j += size
			end = j
		}
	}
	return end
}

// words looks at a word that begins at i, where the one before has ended, and gives
// where it ends.
func (s *scanner) words(i int) int {
	end := wordAt(s.text, i)
	if end == i {
		_, size := utf8.DecodeRuneInString(s.text[i:])
		return i + size
	}
	word := s.text[i:end]
	r := roleOf(word)
	if dash := strings.LastIndexByte(word, '-'); dash > 0 {
		r |= roleOf(word[dash+1:]) & secret
	}
	if isLetter(s.text[i]) && !isAlnum(s.byteAt(i-1)) {
		s.key(i, end, r)
	}
	s.street(i, end, r)
	if r&(title|closing|greeting|given|intro) != 0 {
		s.name(i, end, r)
	}
	return end
}

// beginsCapital says whether a text begins with a capital letter.
func beginsCapital(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsUpper(r)
}
