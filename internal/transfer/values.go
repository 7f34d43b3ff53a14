package transfer

import (
	"bytes"
	"fmt"
	"io"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/seal"
)

// Values lets the values of secrets travel.
type Values struct {
	Sealer     engine.Sealer // with which the store's are sealed
	Passphrase string        // under which the archive's are
	Salt       []byte        // of an export: the one of an earlier export, for the same bytes; nil = a new one
	Must       bool          // an import refuses an archive that has none
}

// Salt reads the salt of an archive with values from its first line.
func Salt(r io.Reader) ([]byte, error) {
	lock, err := archive.ReadLock(r)
	if err != nil {
		return nil, err
	}
	if lock == nil {
		return nil, convo.Errorf(convo.Invalid, "that export has no values of secrets, and so no salt")
	}
	return lock.Salt, nil
}

// begin begins an archive, and gives what seals the values in it; nil = it has none.
func (v *Values) begin(out *archive.Writer, knowledge bool) (*carrier, error) {
	if v == nil {
		if knowledge {
			return nil, out.Knowledge(nil)
		}
		return nil, nil
	}
	s := seal.NewStretch(v.Salt)
	box, err := s.Box(v.Passphrase)
	if err != nil {
		return nil, err
	}
	lock := archive.Lock{
		KDF: archive.Argon2id, Time: s.Time, Memory: s.Memory, Threads: s.Threads, Salt: s.Salt, Check: box.Check(),
	}
	if knowledge {
		return &carrier{v.Sealer, box}, out.Knowledge(&lock)
	}
	return &carrier{v.Sealer, box}, out.Lock(lock)
}

// unlocked gives what opens the values of an archive; nil if they stay in it, or
// there are none.
func (v *Values) unlocked(in *archive.Reader) (*carrier, error) {
	lock, err := in.Lock()
	switch {
	case err != nil || v == nil:
		return nil, err
	case lock == nil && v.Must:
		return nil, convo.Errorf(convo.Invalid, "the file has no values of secrets: export it with --with-secrets, or import it without")
	case lock == nil:
		return nil, nil
	}
	box, err := seal.Stretch{Time: lock.Time, Memory: lock.Memory, Threads: lock.Threads, Salt: lock.Salt}.Box(v.Passphrase)
	if err != nil {
		return nil, convo.Errorf(convo.Invalid, "line %d: how the values of secrets are encrypted cannot be: %v", in.Line(), err)
	}
	if !box.Checks(lock.Check) {
		return nil, convo.Errorf(convo.Invalid, "the passphrase is not the one that this file was exported with, or its first line is damaged; nothing was imported")
	}
	return &carrier{v.Sealer, box}, nil
}

// carrier takes values from one seal into the other.
type carrier struct {
	store   engine.Sealer
	archive *seal.PassphraseBox
}

// out seals the value of an object for an archive, if it has one.
func (c *carrier) out(o convo.Object) (convo.Object, error) {
	if c == nil || o.Sealed == nil {
		o.Sealed = nil
		return o, nil
	}
	plain, err := engine.OpenSecret(c.store, o)
	if err != nil {
		return o, fmt.Errorf("%w; give it a new value (secret/update), or revoke it, to export the others", err)
	}
	o.Sealed = c.archive.Seal(plain, archive.ValueContext(o.ID))
	return o, nil
}

// in opens the value of an object of an archive.
func (c *carrier) in(o convo.Object) ([]byte, error) {
	if c == nil || o.Sealed == nil {
		return nil, nil
	}
	return c.archive.Open(o.Sealed, archive.ValueContext(o.ID))
}

// give puts a value into an object that a store has, or is to have; false says
// that it has that one.
func (c *carrier) give(o *convo.Object, value []byte) (bool, error) {
	if len(value) == 0 {
		return false, nil
	}
	if o.Sealed != nil {
		there, err := engine.OpenSecret(c.store, *o)
		if err != nil || !bytes.Equal(there, value) {
			return false, convo.Errorf(convo.Conflict, "it is there already, with another value: revoke it there if the archive's is the one to keep")
		}
		return false, nil
	}
	o.Sealed = engine.SealSecret(c.store, *o, value)
	return true, nil
}
