package sqlite

import (
	"cmp"
	"maps"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/record"
)

// recordSets is what a transaction does to records, as its reads see it: it is
// written when the transaction's function has returned.
type recordSets struct {
	sets map[string]*recordSet // by dataset
	gone map[string]int64      // the numbers of the collections of datasets that were removed
}

// recordSet is what a transaction does to the records of one dataset.
type recordSet struct {
	dataset    string
	collection convo.Collection
	fresh      bool // the database has nothing of it
	byID       map[string]*recordChange
}

// recordChange is the last change of a record.
type recordChange struct {
	number int64
	record *convo.Record // nil = it is gone
	size   int64         // of its text, before
	there  bool          // it was there before
}

// set finds what there is of a dataset; with create it is made where there is none,
// else it is nil then.
func (t *tx) set(dataset string, create bool) (*recordSet, error) {
	if s, ok := t.records.sets[dataset]; ok {
		return s, nil
	}
	s := &recordSet{dataset: dataset, byID: make(map[string]*recordChange)}
	var err error
	if _, gone := t.records.gone[dataset]; !gone {
		s.collection, err = readCollection(t.conn(), t.key.tenant, dataset)
	}
	if err != nil || s.collection.Number == 0 && !create {
		return nil, err
	}
	if s.collection.Number == 0 {
		t.w.lastCollection++
		first := store.FirstChange(t.w.lastCollection)
		s.fresh = true
		s.collection = convo.Collection{Number: t.w.lastCollection, Change: first, Forgotten: first}
	}
	put(&t.records.sets, dataset, s)
	return s, nil
}

// recordReader makes records of what the database has of a dataset.
func (t *tx) recordReader(dataset string) recordReader {
	return recordReader{t.w.texts, t.key.tenant, dataset}
}

// Record implements store.RecordTx.
func (t *tx) Record(dataset, id string) (convo.Record, error) {
	s, err := t.set(dataset, false)
	if err != nil || s == nil {
		return convo.Record{}, errorsFirst(err, noRecord(id))
	}
	if c, ok := s.byID[id]; ok {
		if c.record == nil {
			return convo.Record{}, noRecord(id)
		}
		return *c.record, nil
	}
	var r *convo.Record
	if !s.fresh {
		r, err = t.recordReader(dataset).one(t.conn(), s.collection.Number, id)
	}
	if err != nil || r == nil {
		return convo.Record{}, errorsFirst(err, noRecord(id))
	}
	return *r, nil
}

// PutRecord implements store.RecordTx.
func (t *tx) PutRecord(r convo.Record) error {
	if r.ID == "" || r.Tenant != t.key.tenant {
		return convo.Errorf(convo.Internal, "a record needs an id and the transaction's tenant")
	}
	if r.Dataset != convo.MemoryDataset && t.records.sets[r.Dataset] == nil { // a set goes with its dataset
		ok, err := t.objectExists(convo.ObjectDataset, r.Dataset)
		if err != nil || !ok {
			return errorsFirst(err, noDataset(r.Dataset))
		}
	}
	s, err := t.set(r.Dataset, true)
	if err != nil {
		return err
	}
	c, err := t.change(s, r.ID)
	if err != nil {
		return err
	}
	r.Change, r.Created, r.Updated = c.number, milli(r.Created), milli(r.Updated)
	c.record = &r
	s.collection.Records++
	s.collection.Bytes += int64(len(r.Text))
	return nil
}

const recordSize = `SELECT size, created IS NOT NULL FROM records WHERE collection = ? AND key = ?`

// change gives the next change of a dataset, by which a record goes.
func (t *tx) change(s *recordSet, id string) (*recordChange, error) {
	c := s.byID[id]
	if c == nil {
		c = &recordChange{}
		if !s.fresh {
			_, err := ask(t.conn(), recordSize).int(s.collection.Number).position(id).
				one(func(q *query) { c.size, c.there = q.readInt(), q.readBool() })
			if err != nil {
				return nil, err
			}
		}
		if c.there {
			s.collection.Records--
			s.collection.Bytes -= c.size
		}
		s.byID[id] = c
	} else if c.record != nil {
		s.collection.Records--
		s.collection.Bytes -= int64(len(c.record.Text))
	}
	s.collection.Change++
	c.number, c.record = s.collection.Change, nil
	return c, nil
}

// DeleteRecord implements store.RecordTx.
func (t *tx) DeleteRecord(dataset, id string) error {
	if _, err := t.Record(dataset, id); err != nil {
		return err
	}
	s, err := t.set(dataset, false)
	if err != nil {
		return err
	}
	_, err = t.change(s, id)
	return err
}

const (
	recordsOfFile    = `SELECT key FROM records WHERE collection = ? AND file = ? AND created IS NOT NULL`
	recordsOfContact = `SELECT key FROM records WHERE collection = ? AND contact = ? AND created IS NOT NULL`
)

func recordsOfMakings(of store.Makings) string {
	sql := recordsOfFile
	if of.But != "" {
		sql += ` AND upload IS NOT ?`
	}
	if of.Only != "" {
		sql += ` AND upload = ?`
	}
	return sql
}

// DeleteRecordsOf implements store.RecordTx.
func (t *tx) DeleteRecordsOf(dataset, file string, of store.Makings, limit int) (int, error) {
	s, err := t.set(dataset, false)
	if err != nil || s == nil || file == "" {
		return 0, err
	}
	q := ask(t.conn(), recordsOfMakings(of)).int(s.collection.Number).key(file)
	for _, upload := range []string{of.But, of.Only} {
		if upload != "" {
			q.key(upload)
		}
	}
	return t.removeAll(s, q, limit, func(r *convo.Record) bool { return r.File == file && of.Has(r.Upload) })
}

// memoriesOf are the memories whose column has some value, and whose texts have some
// length.
func memoriesOf(column string) string {
	return `SELECT ` + recordColumns + ` FROM records r
		WHERE r.collection = ? AND r.` + column + ` = ? AND r.created IS NOT NULL AND r.size = ? ORDER BY r.created, r.key`
}

// MemoryLike implements store.RecordTx.
func (t *tx) MemoryLike(contact, bot, text string) (convo.Record, error) {
	s, err := t.set(convo.MemoryDataset, false)
	if err != nil || s == nil || contact == "" && bot == "" {
		return convo.Record{}, errorsFirst(err, noMemory())
	}
	like := func(r convo.Record) bool { return r.ContactID == contact && r.BotID == bot && r.Text == text }
	column, value := "contact", contact
	if contact == "" {
		column, value = "bot", bot
	}
	q := ask(t.conn(), memoriesOf(column)).int(s.collection.Number).key(value).int(int64(len(text)))
	list, err := t.recordReader(convo.MemoryDataset).all(q, 1, func(r convo.Record) bool { return s.byID[r.ID] == nil && like(r) })
	if err != nil {
		return convo.Record{}, err
	}
	for _, c := range s.byID {
		if c.record != nil && like(*c.record) {
			list = append(list, *c.record)
		}
	}
	if len(list) == 0 {
		return convo.Record{}, noMemory()
	}
	return slices.MinFunc(list, func(a, b convo.Record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	}), nil
}

func noMemory() error { return convo.Errorf(convo.NotFound, "there is no such memory") }

// ForgetContact implements store.RecordTx.
func (t *tx) ForgetContact(contact string, limit int) (int, error) {
	s, err := t.set(convo.MemoryDataset, false)
	if err != nil || s == nil || contact == "" {
		return 0, err
	}
	q := ask(t.conn(), recordsOfContact).int(s.collection.Number).key(contact)
	return t.removeAll(s, q, limit, func(r *convo.Record) bool { return r.ContactID == contact })
}

// removeAll removes up to limit records, of those that a query finds in the
// database, and of those that the transaction has written and that go, and says
// how many.
func (t *tx) removeAll(s *recordSet, q *query, limit int, goes func(*convo.Record) bool) (int, error) {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(s.byID)) {
		if r := s.byID[id].record; r != nil && goes(r) && len(ids) < limit {
			ids = append(ids, id)
		}
	}
	for len(ids) < limit && q.next() {
		if id := q.readKey(); s.byID[id] == nil {
			ids = append(ids, id)
		}
	}
	if err := q.done(); err != nil {
		return 0, err
	}
	for _, id := range ids {
		if _, err := t.change(s, id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// dropRecords lets go of the records of a dataset.
func (t *tx) dropRecords(dataset string) error {
	s, err := t.set(dataset, false)
	if err != nil || s == nil {
		return err
	}
	delete(t.records.sets, dataset)
	if !s.fresh {
		put(&t.records.gone, dataset, s.collection.Number)
	}
	return nil
}

// applyRecords writes what the transaction did to records.
func (t *tx) applyRecords() error {
	for _, number := range t.records.gone {
		if err := ask(t.conn(), `UPDATE collections SET dataset = NULL WHERE id = ?`).int(number).exec(); err != nil {
			return err
		}
	}
	for _, s := range t.records.sets {
		if err := t.applySet(s); err != nil {
			return err
		}
	}
	return nil
}

const writeCollection = `
	INSERT INTO collections (id, tenant, dataset, change, forgotten, records, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
	ON CONFLICT (id) DO UPDATE SET change = ?4, records = ?6, bytes = ?7`

func (t *tx) applySet(s *recordSet) error {
	if len(s.byID) == 0 {
		return nil
	}
	c := s.collection
	err := ask(t.conn(), writeCollection).int(c.Number).text(t.key.tenant).key(s.dataset).
		int(c.Change).int(c.Forgotten).int(c.Records).int(c.Bytes).exec()
	if err != nil {
		return err
	}
	over := false
	for _, change := range s.byID {
		over = over || change.there
	}
	write := func() error { return t.writeRecords(s) }
	if over {
		return overwriting(t.conn(), write)
	}
	return write()
}

// writeRecords writes the changes of a dataset, in their order.
func (t *tx) writeRecords(s *recordSet) error {
	ids := slices.SortedFunc(maps.Keys(s.byID), func(a, b string) int { return int(s.byID[a].number - s.byID[b].number) })
	for _, id := range ids {
		change := s.byID[id]
		if change.there {
			if err := dropVectors(t.conn(), s.collection.Number, id); err != nil {
				return err
			}
		}
		var err error
		if change.record == nil {
			err = writeGone(t.conn(), s.collection.Number, id, change.number)
		} else {
			err = t.w.writeRecord(s.collection.Number, change.record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const dropVectorsOf = `
	DELETE FROM vectors WHERE id IN (
		SELECT v.id FROM spaces s JOIN vectors v ON v.space = s.id
		WHERE s.collection = ?1 AND v.change = (SELECT change FROM records WHERE collection = ?1 AND key = ?2))`

// dropVectors removes the vectors of what a record was.
func dropVectors(conn *sqlite.Conn, collection int64, id string) error {
	return ask(conn, dropVectorsOf).int(collection).key(id).exec()
}

const recordGone = `
	INSERT INTO records (collection, key, change, size) VALUES (?, ?, ?, 0)
	ON CONFLICT (collection, key) DO UPDATE SET change = excluded.change, size = 0, created = NULL, updated = NULL,
		file = NULL, upload = NULL, contact = NULL, bot = NULL, meta = NULL, fields = NULL, text = NULL`

// writeGone writes that a record is gone.
func writeGone(conn *sqlite.Conn, collection int64, id string, number int64) error {
	return ask(conn, recordGone).int(collection).key(id).int(number).exec()
}

const putRecord = `
	INSERT INTO records (collection, key, change, created, updated, size, file, upload, contact, bot, meta, fields, text)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (collection, key) DO UPDATE SET change = excluded.change, created = excluded.created,
		updated = excluded.updated, size = excluded.size, file = excluded.file, upload = excluded.upload,
		contact = excluded.contact, bot = excluded.bot, meta = excluded.meta, fields = excluded.fields, text = excluded.text`

// longRecord is how long a record's text is from which on it is deflated. Records are
// read whole twice, by an index and by each search that finds them, and deflating
// them would be a third of what indexing a file costs; most are shorter.
const longRecord = 8 << 10

// writeRecord writes a record with its change.
func (w *writer) writeRecord(collection int64, r *convo.Record) error {
	fields, err := record.EncodeFound(*r)
	if err != nil {
		return err
	}
	var packed []byte
	if len(r.Text) >= longRecord {
		if packed, err = w.packer.pack(r.Text); err != nil {
			return err
		}
	}
	q := ask(w.conn, putRecord).int(collection).key(r.ID).int(r.Change).int(r.Created.UnixMilli()).int(r.Updated.UnixMilli()).
		int(int64(len(r.Text))).key(r.File).key(r.Upload).key(r.ContactID).key(r.BotID).blob(r.Meta).blob(fields)
	if packed != nil {
		return q.blob(packed).exec()
	}
	return q.text(r.Text).exec()
}
