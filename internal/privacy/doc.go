// Package privacy finds what a text says of a person, puts placeholders in its
// place, and puts the values back where people read.
//
// Detect finds. It looks at a text as a reader would: invisible characters, wide
// forms, other scripts' digits, and the escapes of JSON, HTML and addresses are
// seen through. What has a checksum or a fixed format (an address of e-mail, a
// card, an IBAN, a key) is found wherever it stands; what has none (a name, a
// street) is found by the words around it, and sometimes is not. docs/privacy.md
// says how often.
//
// A Vault remembers which placeholder stands for which value, for one conversation:
// the same value has the same placeholder, however it was spelled. Placeholders are
// eleven characters of a–z and 0–9, with a letter and a digit at least, and are
// told also in capitals. Masking what is masked already changes nothing.
//
// Nothing here keeps a text, writes a log or fails: a text in which nothing is
// found is given back as it was. Time grows with the length of a text, not faster.
package privacy

// The types of what is found. Callers may know values of other types.
const (
	Email   = "email"
	Phone   = "phone"
	Name    = "name"
	Address = "address" // of a home: street and number, with or without the town
	Card    = "card"    // a payment card's number
	IBAN    = "iban"
	IP      = "ip"
	SSN     = "ssn"  // a number that a state gave to a person, of any country
	Date    = "date" // of birth
	URL     = "url"  // with a password or a token in it
	Key     = "key"  // a key, a token or a password of a program
)
