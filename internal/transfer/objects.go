package transfer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// objects gives what a tenant configures: kind by kind, those first that others
// belong to or name; of one kind by their creation, those of one moment by their
// ids, whatever order the driver has.
func objects(ctx context.Context, r store.Reader, tenant string) iter.Seq2[convo.Object, error] {
	return func(yield func(convo.Object, error) bool) {
		parents := map[convo.ObjectKind][]string{"": {""}}
		for _, kind := range convo.ObjectKinds() {
			for _, parent := range parents[kind.Parent()] {
				ids, ok := objectsOf(ctx, r, tenant, kind, parent, yield)
				if !ok {
					return
				}
				parents[kind] = append(parents[kind], ids...)
			}
		}
	}
}

// objectsOf gives the objects of one list, and their ids.
func objectsOf(
	ctx context.Context, r store.Reader, tenant string, kind convo.ObjectKind, parent string, yield func(convo.Object, error) bool,
) (ids []string, ok bool) {
	q := store.ObjectQuery{Kind: kind, Parent: parent, Limit: firstPage, Unlisted: true}
	var moment []convo.Object // those created at q.After
	flush := func() bool {
		slices.SortFunc(moment, func(a, b convo.Object) int { return cmp.Compare(a.ID, b.ID) })
		for _, o := range moment {
			ids = append(ids, o.ID)
			if !yield(o, nil) {
				return false
			}
		}
		moment = moment[:0]
		return true
	}
	for {
		page, err := r.Objects(ctx, tenant, q)
		if err != nil {
			yield(convo.Object{}, err)
			return nil, false
		}
		for _, o := range page {
			if !o.Created.Equal(q.After.Created) && !flush() {
				return nil, false
			}
			moment = append(moment, o)
			q.After = store.Position{Created: o.Created, ID: o.ID}
		}
		if len(page) < q.Limit {
			return ids, flush()
		}
	}
}

// object imports one object, with the value that it has in the archive, if any, and
// says whether it wrote it.
// An error ends the whole import; what is wrong with the object only is noted.
func (i *importer) object(ctx context.Context, o convo.Object, c *carrier, value []byte) (wrote bool, err error) {
	o.Tenant = i.tenant
	gave := false
	err = cmp.Or(checkObject(o), checkKnowledge(o))
	if err == nil {
		_, err = i.store.Update(ctx, i.tenant, "", store.Buffered, func(tx store.Tx) (err error) {
			wrote, gave, err = i.put(tx, o, c, value)
			return err
		})
	}
	switch convo.ErrorKind(err) {
	case "":
		i.note(func(r *Result) {
			if wrote {
				r.Objects++
			}
			if gave {
				r.Values++
			}
		})
		return wrote, nil
	case convo.Invalid, convo.Conflict, convo.NotFound:
		i.note(func(r *Result) {
			if r.Refused++; len(r.Problems) < maxProblems {
				r.Problems = append(r.Problems, Problem{Object: string(o.Kind()) + " " + o.ID, Text: convo.PublicError(err).Message})
			}
		})
		return false, nil
	}
	return false, fmt.Errorf("%s %q: %w", o.Kind(), o.ID, err)
}

// put writes an object that is not there, and a value where there is none, and
// says what of both it did.
func (i *importer) put(tx store.Tx, o convo.Object, c *carrier, value []byte) (wrote, gave bool, err error) {
	there, err := tx.Object(o.Kind(), o.ID)
	if err != nil && convo.ErrorKind(err) != convo.NotFound {
		return false, false, err
	}
	wrote = err != nil || there.ID != o.ID // else that is its alias
	if !wrote {
		o.Sealed, there.Sealed = there.Sealed, nil
		same := o
		same.Sealed = nil
		if !reflect.DeepEqual(there, same) {
			return false, false, convo.Errorf(convo.Conflict, "it is there already, with other content: delete it there if the archive's is the one to keep")
		}
	}
	if gave, err = c.give(&o, value); err != nil {
		return false, false, err
	}
	if i.dryRun || !wrote && !gave { // what it belongs to would be there
		return wrote, gave, nil
	}
	return wrote, gave, tx.PutObject(o)
}

// checkObject refuses what no server could show or use.
func checkObject(o convo.Object) error {
	for _, at := range []int{o.Created.Year(), o.Updated.Year()} {
		if at < 1 || at > 9999 {
			return convo.Errorf(convo.Invalid, "its time lies in the year %d", at)
		}
	}
	if !isObject(o.Meta) {
		return convo.Errorf(convo.Invalid, "its meta is no JSON object")
	}
	visibilities := []string{convo.Private, convo.Protected, convo.Public}
	if o.Visibility != nil && !slices.Contains(visibilities, *o.Visibility) {
		return convo.Errorf(convo.Invalid, "%q is no visibility", *o.Visibility)
	}
	if o.Alias != nil && *o.Alias == "" {
		return convo.Errorf(convo.Invalid, "its alias is empty")
	}
	if o.Number < 0 || o.Number > convo.MaxNumber {
		return convo.Errorf(convo.Invalid, "its number %d is none from 0 to %d", o.Number, convo.MaxNumber)
	}
	if b, ok := o.Body.(convo.BotConfig); ok && (b.Folder < 0 || b.Folder > convo.MaxNumber) {
		return convo.Errorf(convo.Invalid, "its folder %d is none from 0 to %d", b.Folder, convo.MaxNumber)
	}
	if s, ok := o.Body.(convo.Secret); ok {
		if !convo.ValidSecretType(s.Type) || s.Scope != convo.SharedSecret && s.Scope != convo.PersonalSecret || !isObject(s.Config) {
			return convo.Errorf(convo.Invalid, "its kind, type or config is none of a secret")
		}
	}
	return nil
}

// isObject reports whether a text is a JSON object, or absent.
func isObject(text convo.JSON) bool {
	trimmed := bytes.TrimSpace(text)
	return text == nil || len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed)
}
