package privacy

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// cue is what words may announce.
type cue int

const (
	phoneCue cue = iota + 1
	versionCue
	idCue    // a national id
	orderCue // a number of something else
	birthCue
)

// cueReach is how many bytes before a value its announcement may begin.
const cueReach = 48

// cued says whether what stands before i, in the same line or the one above,
// announces a value of a kind.
func (s *scanner) cued(i int, c cue) bool { return s.cueBefore(i, c) > 0 }

// cueBefore gives how many bytes before i the last word begins that announces a
// value of a kind, 0 = there is none.
func (s *scanner) cueBefore(i int, c cue) int {
	from := max(0, i-cueReach)
	for from < i && !utf8.RuneStart(s.text[from]) {
		from++
	}
	before := strings.ToLower(s.text[from:i])
	if c == birthCue { // one birth has one date
		if digit := strings.LastIndexAny(before, "0123456789"); digit >= 0 {
			before = before[digit+1:]
		}
	}
	words := cues()[c]
	for at := len(before) - 2; at >= 0; at-- {
		if at > 0 && isLetter(before[at-1]) && isLetter(before[at]) && !isUpper(s.byteAt(i-len(before)+at)) {
			continue // within a word
		}
		for _, word := range words[[2]byte{before[at], before[at+1]}] {
			if strings.HasPrefix(before[at:], word) && (startsWord(before, at, word) || isUpper(s.byteAt(i-len(before)+at))) {
				return len(before) - at
			}
		}
	}
	return 0
}

// cues gives the words of each kind by their first two bytes, made once. Nobody
// changes them.
var cues = sync.OnceValue(func() map[cue]map[[2]byte][]string {
	all := map[cue]map[[2]byte][]string{}
	for _, c := range []cue{phoneCue, versionCue, idCue, orderCue, birthCue} {
		all[c] = map[[2]byte][]string{}
		for _, word := range cueWords(c) {
			first := [2]byte{word[0], word[1]}
			all[c][first] = append(all[c][first], word)
		}
	}
	return all
})

// startsWord says whether a word found at a place begins there, as far as its
// script tells.
func startsWord(text string, at int, word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(text[:at])
	return at == 0 || spaceless(first) || !inWord(last)
}

// cueWords are the words that announce a kind, in small letters and many languages.
// They are beginnings: what follows in the same word does not matter.
func cueWords(c cue) []string {
	switch c {
	case phoneCue:
		return []string{
			"phone", "tel.", "tel:", "tel ", "tel\"", "telef", "teléf", "teleph", "telemóv", "τηλ", "mobile", "cell", "call me", "call us", "whatsapp", "fax", "text me", "reach me", "dial",
			"handy", "mobil", "ruf mich", "rufen sie", "rückruf", "anruf", "nummer ist", "durchwahl",
			"portable", "appelez", "joindre", "téléphone", "numéro de tél",
			"móvil", "movil", "celular", "llám", "llam", "fono",
			"cellulare", "chiam", "recapito",
			"ligue", "liga", "telemóvel", "contato",
			"bel me", "bel mij", "mobiel",
			"zadzwoń", "komórk", "numer tel",
			"ring mig", "telefon", "puhelin", "soita", "ara beni", "cep",
			"телефон", "тел", "звони", "мобильн", "позвони",
			"电话", "手机", "致电", "電話", "携帯", "手機", "전화", "휴대폰", "연락처",
			"फ़ोन", "फोन", "मोबाइल", "هاتف", "جوال", "اتصل", "טלפון", "נייד", "điện thoại", "โทร",
		}
	case birthCue:
		return []string{
			"born", "birth", "dob", "d.o.b", "geboren", "geb.", "geburt", "né le", "née le", "naissance", "nac", "nato il", "nata il", "nascita", "nasci",
			"geboorte", "urodz", "födelse", "född", "født", "fødsel", "syntym", "родил", "рожден", "народ", "出生", "生日", "生年月日", "誕生日", "생년월일", "생일",
			"doğum", "doğdu", "narozen", "născut", "γέννησ", "जन्म", "ميلاد", "מולד", "תאריך לידה", "nascimento", "ngày sinh", "วันเกิด",
		}
	case versionCue:
		return []string{
			"version", "ver.", "release", "firmware", "build", "section", "chapter", "clause", "§", "kapitel", "abschnitt", "oid",
			"versión", "versione", "wersja", "версия", "版本", "バージョン", "sección", "sezione", "upgrade to", "update to", "upgraded from",
		}
	case idCue:
		return []string{
			"ssn", "social security", "national id", "id number", "identity", "tax id", "tin", "sin", "tfn", "nif", "aadhaar", "aadhar", "आधार",
			"bsn", "burgerservice", "sofinummer", "personal number", "personnummer", "cpr", "fødselsnummer", "henkilötunnus",
			"steuer", "sozialversicherung", "ausweis", "oib", "amka", "pesel", "nip", "cpf", "contribuinte", "teudat", "תעודת",
			"マイナンバー", "個人番号", "身份证", "주민", "บัตรประชาชน", "цнп", "cnp", "снилс", "инн", "паспорт", "sécurité sociale", "número de identi", "dni",
			"social insurance", "tax file", "kimlik", "medicare",
		}
	case orderCue:
		return []string{
			"order", "invoice", "ticket", "tracking", "parcel", "article", "item", "product", "sku", "isbn", "ean", "gtin", "upc", "asin", "case", "batch", "serial",
			"model", "part", "reference", "ref", "booking", "reservation", "contract", "customer", "account", "policy", "build", "commit", "issue", "timestamp",
			"bestell", "auftrag", "rechnung", "artikel", "kunden", "vertrag", "sendung", "paket", "vorgang", "beleg",
			"commande", "facture", "colis", "client", "dossier", "réf", "pedido", "factura", "fatura", "envío", "ordine", "fattura", "pacco",
			"bestelling", "factuur", "pakket", "zamówieni", "faktur", "przesyłk", "beställning", "ordre", "tilaus", "sipariş", "fiş",
			"nota", "商品", "заказ", "счет", "счёт", "посылк", "артикул", "订单", "订単", "注文", "請求", "追跡", "주문", "송장", "运单", "快递", "订购", "ऑर्डर", "הזמנה", "طلب",
		}
	}
	return nil
}
