package sqlite

import (
	"cmp"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/record"
)

// objectKey names an object of a tenant.
type objectKey struct {
	kind convo.ObjectKind
	id   string
}

// objectChanges is what a transaction does to objects, as its reads see it: it is
// written when the transaction's function has returned.
type objectChanges struct {
	byKey map[objectKey]*convo.Object // nil = deleted
	last  map[convo.ObjectKind]int64  // the highest numbers, where they changed
}

// Object implements store.ObjectTx.
func (t *tx) Object(kind convo.ObjectKind, name string) (convo.Object, error) {
	if o, ok := t.objects.byKey[objectKey{kind, name}]; ok && o != nil {
		return *o, nil
	}
	for k, o := range t.objects.byKey {
		if o != nil && k.kind == kind && o.Alias != nil && *o.Alias == name {
			return *o, nil
		}
	}
	o, err := readObject(t.conn(), t.key.tenant, kind, name)
	if err != nil {
		return convo.Object{}, err
	}
	if o != nil {
		if _, changed := t.objects.byKey[objectKey{kind, o.ID}]; !changed {
			return *o, nil
		}
	}
	return convo.Object{}, noObject(kind, name)
}

const (
	objectIDByKey    = `SELECT key FROM objects WHERE tenant = ? AND kind = ? AND key = ?`
	objectIDByAlias  = `SELECT key FROM objects WHERE tenant = ? AND kind = ? AND alias = ?`
	objectIDByNumber = `SELECT key FROM objects WHERE tenant = ? AND kind = ? AND number = ?`
)

// holder gives the id of the object that a query finds or, among those that this
// transaction has written, is; "" = none. A query's row counts only as long as
// the transaction has not changed it.
func (t *tx) holder(kind convo.ObjectKind, q *query, is func(*convo.Object) bool) (string, error) {
	for k, o := range t.objects.byKey {
		if o != nil && k.kind == kind && is(o) {
			return k.id, q.done()
		}
	}
	id := ""
	if _, err := q.one(func(q *query) { id = q.readKey() }); err != nil {
		return "", err
	}
	if _, changed := t.objects.byKey[objectKey{kind, id}]; changed {
		return "", nil
	}
	return id, nil
}

func (t *tx) askObject(sql string, kind convo.ObjectKind) *query {
	return ask(t.conn(), sql).text(t.key.tenant).text(string(kind))
}

// objectExists looks for an object by its id alone.
func (t *tx) objectExists(kind convo.ObjectKind, id string) (bool, error) {
	found, err := t.holder(kind, t.askObject(objectIDByKey, kind).position(id), func(o *convo.Object) bool { return o.ID == id })
	return found != "", err
}

// aliasHolder looks for an object by its alias alone.
func (t *tx) aliasHolder(kind convo.ObjectKind, alias string) (string, error) {
	return t.holder(kind, t.askObject(objectIDByAlias, kind).text(alias), func(o *convo.Object) bool {
		return o.Alias != nil && *o.Alias == alias
	})
}

// ContactLike implements store.ObjectTx.
func (t *tx) ContactLike(email, phone string) (convo.Object, error) {
	for _, want := range []store.ObjectQuery{{Email: email}, {Phone: phone}} {
		if want.Email == "" && want.Phone == "" {
			continue
		}
		found, err := t.contactWith(want)
		if err != nil || found != nil {
			return deref(found), err
		}
	}
	return convo.Object{}, noObject(convo.ObjectContact, cmp.Or(email, phone))
}

// contactWith finds the oldest contact of those that a query asks for; nil = none.
func (t *tx) contactWith(want store.ObjectQuery) (oldest *convo.Object, err error) {
	want.Kind = convo.ObjectContact
	q := askContacts(t.conn(), t.key.tenant, want)
	for oldest == nil && q.next() {
		o, err := scanObject(q, t.key.tenant)
		if err != nil {
			return nil, errorsFirst(err, q.done())
		}
		if _, changed := t.objects.byKey[objectKey{convo.ObjectContact, o.ID}]; !changed {
			oldest = &o
		}
	}
	for k, o := range t.objects.byKey {
		if o != nil && k.kind == convo.ObjectContact && want.Reaches(*o) && (oldest == nil || older(*o, *oldest)) {
			oldest = o
		}
	}
	return oldest, q.done()
}

func older(a, b convo.Object) bool {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) < 0
}

func deref(o *convo.Object) convo.Object {
	if o == nil {
		return convo.Object{}
	}
	return *o
}

// PutObject implements store.ObjectTx.
func (t *tx) PutObject(o convo.Object) error {
	if o.ID == "" || o.Body == nil || o.Tenant != t.key.tenant {
		return convo.Errorf(convo.Internal, "an object needs an id, a body and the transaction's tenant")
	}
	if err := t.checkObject(o); err != nil {
		return err
	}
	if o.Number != 0 {
		last, err := t.lastNumber(o.Kind())
		if err != nil {
			return err
		}
		if o.Number > last {
			put(&t.objects.last, o.Kind(), o.Number)
		}
	}
	o.Created, o.Updated = fromMilli(o.Created.UnixMilli()), fromMilli(o.Updated.UnixMilli())
	put(&t.objects.byKey, objectKey{o.Kind(), o.ID}, &o)
	return nil
}

// checkObject refuses what the port says is refused.
func (t *tx) checkObject(o convo.Object) error {
	kind := o.Kind()
	if parent := kind.Parent(); parent != "" || o.Parent != "" {
		ok, err := t.objectExists(parent, o.Parent)
		if err != nil {
			return err
		}
		if !ok {
			return noObject(parent, o.Parent)
		}
	}
	if other, err := t.aliasHolder(kind, o.ID); err != nil || other != "" && other != o.ID {
		return errorsFirst(err, store.AliasTaken(kind, o.ID))
	}
	if o.Alias != nil {
		other, err := t.aliasHolder(kind, *o.Alias)
		taken := other != "" && other != o.ID
		if err == nil && !taken && *o.Alias != o.ID {
			taken, err = t.objectExists(kind, *o.Alias)
		}
		if err != nil || taken {
			return errorsFirst(err, store.AliasTaken(kind, *o.Alias))
		}
	}
	if o.Number != 0 {
		other, err := t.holder(kind, t.askObject(objectIDByNumber, kind).int(o.Number), func(other *convo.Object) bool {
			return other.Number == o.Number
		})
		if err != nil || other != "" && other != o.ID {
			return errorsFirst(err, store.NumberTaken(kind, o.Number))
		}
	}
	return nil
}

const objectIDsOf = `SELECT key FROM objects WHERE tenant = ? AND kind = ? AND parent = ?`

// DeleteObject implements store.ObjectTx.
func (t *tx) DeleteObject(kind convo.ObjectKind, id string) error {
	ok, err := t.objectExists(kind, id)
	if err != nil {
		return err
	}
	if !ok {
		return noObject(kind, id)
	}
	put(&t.objects.byKey, objectKey{kind, id}, nil)
	if kind == convo.ObjectDataset {
		if err := t.dropRecords(id); err != nil {
			return err
		}
	}
	for _, child := range convo.ObjectKinds() {
		if child.Parent() != kind {
			continue
		}
		for k, o := range t.objects.byKey {
			if k.kind == child && o != nil && o.Parent == id {
				t.objects.byKey[k] = nil
			}
		}
		q := t.askObject(objectIDsOf, child).position(id)
		for q.next() {
			if k := (objectKey{child, q.readKey()}); t.objects.byKey[k] == nil { // else it belongs elsewhere now
				t.objects.byKey[k] = nil
			}
		}
		if err := q.done(); err != nil {
			return err
		}
	}
	return nil
}

// NextNumber implements store.ObjectTx.
func (t *tx) NextNumber(kind convo.ObjectKind) (int64, error) {
	last, err := t.lastNumber(kind)
	return last + 1, err
}

const lastObjectNumber = `SELECT last FROM object_numbers WHERE tenant = ? AND kind = ?`

func (t *tx) lastNumber(kind convo.ObjectKind) (last int64, err error) {
	if last, ok := t.objects.last[kind]; ok {
		return last, nil
	}
	_, err = t.askObject(lastObjectNumber, kind).one(func(q *query) { last = q.readInt() })
	return last, err
}

// applyObjects writes what the transaction did to objects. All rows go first, so
// that two objects may take each other's alias.
func (t *tx) applyObjects() error {
	if len(t.objects.byKey) == 0 {
		return nil
	}
	conn, tenant := t.conn(), t.key.tenant
	err := overwriting(conn, func() error {
		for k, o := range t.objects.byKey {
			upload := ""
			_, err := ask(conn, `DELETE FROM objects WHERE tenant = ? AND kind = ? AND key = ? RETURNING upload`).
				text(tenant).text(string(k.kind)).key(k.id).one(func(q *query) { upload = q.readKey() })
			if err != nil {
				return err
			}
			if upload != "" && upload != uploadOf(o) {
				t.w.uploads = append(t.w.uploads, upload)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range t.objects.byKey {
		if o == nil {
			continue
		}
		if err := writeObject(conn, o); err != nil {
			return err
		}
	}
	for kind, last := range t.objects.last {
		err := ask(conn, `INSERT OR REPLACE INTO object_numbers (tenant, kind, last) VALUES (?, ?, ?)`).
			text(tenant).text(string(kind)).int(last).exec()
		if err != nil {
			return err
		}
	}
	return nil
}

func writeObject(conn *sqlite.Conn, o *convo.Object) error {
	fields, err := record.EncodeObject(*o)
	if err != nil {
		return err
	}
	q := ask(conn, `INSERT INTO objects (tenant, `+objectColumns+`, upload, public, open, email, phone)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).
		text(o.Tenant).text(string(o.Kind())).key(o.ID).position(o.Parent).textOrNull(o.Alias).textOrNull(o.Name)
	if o.Number == 0 {
		q.null()
	} else {
		q.int(o.Number)
	}
	q.bool(o.Unlisted).int(o.Created.UnixMilli()).int(o.Updated.UnixMilli()).blob(o.Meta).blob(fields).blob(o.Sealed)
	return bindFound(q, foundBy(o)).exec()
}

// foundColumns is what of an object it is found by, beside what all have.
type foundColumns struct {
	upload       string
	public, open bool
	email, phone *string
}

func foundBy(o *convo.Object) (c foundColumns) {
	switch b := o.Body.(type) {
	case convo.Stored:
		c.upload, c.public = b.Upload, o.Visibility != nil && *o.Visibility == convo.Public
	case convo.DatasetFile:
		c.open = !b.State.Ended()
	case convo.Contact:
		c.email, c.phone = b.Email, b.Phone
	}
	return c
}

// bindFound binds upload, public, open, email and phone.
func bindFound(q *query, c foundColumns) *query {
	q.key(c.upload)
	for _, is := range []bool{c.public, c.open} {
		if is {
			q.int(1)
		} else {
			q.null()
		}
	}
	return q.textOrNull(c.email).textOrNull(c.phone)
}

// uploadOf is the upload that is an object's content; "" = none is.
func uploadOf(o *convo.Object) string {
	if o == nil {
		return ""
	}
	return foundBy(o).upload
}
