package convo

// Entity is a piece of a text that says something of a person: a name, an address.
// Begin and End count UTF-16 units; End is exclusive.
type Entity struct {
	Type        string // one of the types of package privacy, or a caller's own
	Begin, End  int
	Text        string
	Replacement *Replacement // nil = it was not replaced
}

// Replacement is what stands for an entity where its value is not to be seen. Begin
// and End count UTF-16 units of the text with all replacements made.
type Replacement struct {
	Begin, End int
	Text       string
}
