package engine

import (
	"bytes"
	"container/list"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/privacy"
	"github.com/parleyhq/parley/internal/store"
)

// maxVault bounds what one conversation may keep from its model, in bytes: its vault
// is in memory as a whole whenever one of its texts is masked.
const maxVault = 4 << 20

// vault is what stands behind the placeholders of a conversation, as far as some rows
// of the store say. It is never changed once others know it: who adds to it forks it.
type vault struct {
	rows  int
	last  []byte // the last of the rows: each is sealed with a nonce of its own
	known *privacy.Vault
}

// noVault is that of a conversation in which nothing was ever masked.
func noVault() *vault { return &vault{known: privacy.NewVault(rand.Reader)} }

// is reports whether a vault is what those rows say.
func (v *vault) is(rows [][]byte) bool {
	return len(rows) == v.rows && (v.rows == 0 || bytes.Equal(rows[v.rows-1], v.last))
}

// fork gives a vault that may be added to.
func (v *vault) fork() *privacy.Vault {
	return v.known.Clone()
}

// with is the vault with one more row, whose entries a fork has already.
func (v *vault) with(own *privacy.Vault, row []byte) *vault {
	return &vault{rows: v.rows + 1, last: row, known: own}
}

// errVaultFull refuses what would make a vault too large.
func errVaultFull() error {
	return convo.Errorf(convo.TooLarge, "this conversation keeps as many values from the model as it can; begin a new one")
}

// vaultContext binds a row to its conversation.
func vaultContext(conversation string) []byte { return []byte("vault/" + conversation) }

// sealVault makes a row of entries.
func (e *Engine) sealVault(conversation string, entries []privacy.Entry) ([]byte, error) {
	plain, err := json.Marshal(entries)
	if err != nil {
		return nil, fmt.Errorf("keeping what was masked: %w", err)
	}
	return e.sealer.Seal(plain, vaultContext(conversation)), nil
}

// openVault makes a vault of rows. One that cannot be opened, because its key is lost,
// takes along what it says: its placeholders are shown as they stand, and the
// conversation goes on.
func (e *Engine) openVault(key hub.Key, rows [][]byte) *vault {
	v := noVault()
	for _, row := range rows {
		plain, err := e.sealer.Open(row, vaultContext(key.Conversation))
		var entries []privacy.Entry
		if err == nil {
			err = json.Unmarshal(plain, &entries)
		}
		if err != nil {
			e.log.Error("what stands behind placeholders of a conversation cannot be read, and they are shown in its place",
				"tenant", key.Tenant, "conversation", key.Conversation, "error", err)
		}
		for _, entry := range entries {
			v.known.Add(entry)
		}
		v = v.with(v.known, row)
	}
	return v
}

// vaultOf gives the vault of a conversation, which may be empty.
func (e *Engine) vaultOf(ctx context.Context, key hub.Key) (*vault, error) {
	v, changes := e.vaults.get(key)
	if v != nil {
		return v, nil
	}
	rows, err := e.store.Vault(ctx, key.Tenant, key.Conversation)
	if convo.ErrorKind(err) == convo.NotFound {
		rows, err = nil, nil // it has just been deleted
	}
	if err != nil {
		return nil, err
	}
	v = e.openVault(key, rows)
	e.vaults.found(key, v, changes)
	return v, nil
}

// errVaultGrown says that somebody else added to a vault meanwhile.
var errVaultGrown = errors.New("the vault has grown")

// addToVault lets fn work with a fork of a conversation's vault, and stores what fn
// made it add: two that meet the same value at once give it the same placeholder. fn
// may be called more than once. It gives the vault that knows all of it.
func (e *Engine) addToVault(ctx context.Context, key hub.Key, fn func(*privacy.Vault)) (*privacy.Vault, error) {
	for {
		v, err := e.vaultOf(ctx, key)
		if err != nil {
			return nil, err
		}
		own := v.fork()
		fn(own)
		added := own.Added()
		if len(added) == 0 {
			return own, nil
		}
		err = e.update(ctx, key, store.Buffered, func(tx store.Tx) error {
			if tx.Head() == nil {
				return ErrDeleted
			}
			rows, err := tx.Vault()
			if err != nil {
				return err
			}
			if !v.is(rows) {
				return errVaultGrown
			}
			_, err = e.putVault(tx, key, v, own, added)
			return err
		})
		switch {
		case errors.Is(err, errVaultGrown):
			e.vaults.drop(key)
		case err != nil:
			e.vaults.drop(key)
			return nil, err
		default:
			return own, nil
		}
	}
}

// putVault stores what was added to a fork of a vault, in the transaction that stores
// the first text with it. Readers may know it from now on: a placeholder that is
// never written harms nobody.
func (e *Engine) putVault(tx store.Tx, key hub.Key, v *vault, own *privacy.Vault, added []privacy.Entry) (*vault, error) {
	row, err := e.sealVault(key.Conversation, added)
	if err != nil {
		return nil, err
	}
	if own.Size() > maxVault {
		return nil, errVaultFull()
	}
	more := v.with(own, row)
	if err := tx.PutVault(row); err != nil {
		return nil, err
	}
	e.vaults.put(key, more)
	return more, nil
}

// vaultsBytes bounds the vaults in memory, of all conversations.
const vaultsBytes = 32 << 20

// vaults remembers the vaults that were used last.
type vaults struct {
	mu      sync.Mutex
	byKey   map[hub.Key]*list.Element
	order   *list.List // of *keptVault, the last used first
	bytes   int
	changes uint64 // how often one was put or dropped
}

type keptVault struct {
	key   hub.Key
	vault *vault
}

func newVaults() *vaults { return &vaults{byKey: map[hub.Key]*list.Element{}, order: list.New()} }

// get gives a vault, or nil, and what found has to be told.
func (c *vaults) get(key hub.Key) (*vault, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.byKey[key]
	if !ok {
		return nil, c.changes
	}
	c.order.MoveToFront(element)
	return element.Value.(*keptVault).vault, c.changes
}

// put keeps a vault in place of an earlier one.
func (c *vaults) put(key hub.Key, v *vault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.keep(key, v)
}

// found keeps a vault that was read, unless any has changed since get: then it may be
// older than what is known.
func (c *vaults) found(key hub.Key, v *vault, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == changes {
		c.keep(key, v)
	}
}

// drop forgets a vault that may be wrong, or whose conversation is gone.
func (c *vaults) drop(key hub.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.remove(c.byKey[key])
}

func (c *vaults) keep(key hub.Key, v *vault) {
	c.remove(c.byKey[key])
	c.byKey[key] = c.order.PushFront(&keptVault{key, v})
	for c.bytes += v.known.Size(); c.bytes > vaultsBytes && c.order.Len() > 1; {
		c.remove(c.order.Back())
	}
}

func (c *vaults) remove(element *list.Element) {
	if element == nil {
		return
	}
	kept := c.order.Remove(element).(*keptVault)
	delete(c.byKey, kept.key)
	c.bytes -= kept.vault.known.Size()
}
