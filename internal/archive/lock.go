package archive

import "io"

// Argon2id is the only way in which passphrases of archives become keys.
const Argon2id = "argon2id"

// Lock says in the header how the values of secrets are sealed. What is sealed
// is bound to the secret by [ValueContext]; the sealing itself is not done here.
type Lock struct {
	KDF     string `json:"kdf"`    // Argon2id
	Time    uint32 `json:"time"`   // passes
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
	Salt    []byte `json:"salt"`
	Check   []byte `json:"check"` // by which a wrong passphrase is known
}

// ValueContext is the context in which the value of a secret is sealed: a value
// that was moved to another secret does not open. It does not name the tenant,
// which may be another one where the archive is imported.
func ValueContext(id string) []byte { return []byte("parley-archive secret\x00" + id) }

// VaultContext is the context in which what stands behind a conversation's
// placeholders is sealed, as [ValueContext] is that of a secret's value.
func VaultContext(conversation string) []byte {
	return []byte("parley-archive vault\x00" + conversation)
}

// Lock begins an archive with values. It is called before all else, and what
// AddObject gets as the Sealed of secrets, and AddVault, must then be sealed so.
func (a *Writer) Lock(l Lock) error {
	a.lock = &l
	a.begin(lockVersion)
	return a.err
}

// Knowledge begins an archive that may have datasets, files, contacts, records and
// vaults. It is called before all else, with nil for an archive without values.
func (a *Writer) Knowledge(l *Lock) error {
	a.lock = l
	a.begin(knowledgeVersion)
	return a.err
}

// Lock reads the header, and gives what it says of the values of secrets: nil
// if the archive carries none. Errors are those of Next.
func (a *Reader) Lock() (*Lock, error) {
	if a.number == 0 && a.err == nil {
		a.err = a.header()
	}
	return a.lock, a.err
}

// Line is the number of the line that was read last.
func (a *Reader) Line() int { return a.number }

// ReadLock reads no more of an archive than [Reader.Lock] needs, about.
func ReadLock(r io.Reader) (*Lock, error) { return NewReader(r).Lock() }
