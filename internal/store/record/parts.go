package record

import (
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// parts are those of a message. Texts are not in them: each is a piece of the
// message's.
type parts []part

type part struct {
	ID         string    `json:"i,omitempty"`
	Alias      string    `json:"a,omitempty"`
	MediaType  string    `json:"t,omitempty"`
	Name       string    `json:"n,omitempty"`
	File       *file     `json:"f,omitempty"`
	Start      int       `json:"s,omitempty"`
	End        int       `json:"e,omitempty"`
	Transcript bool      `json:"tr,omitempty"`
	Incomplete bool      `json:"x,omitempty"`
	Citations  citations `json:"c,omitempty"`
	Meta       string    `json:"m,omitempty"`
	Created    int64     `json:"cr,omitempty"`
	Updated    int64     `json:"up,omitempty"`
}

type file struct {
	URI  string `json:"u,omitempty"`
	Size int64  `json:"s,omitempty"`
}

func partOf(p convo.Part) part {
	return part{
		p.ID, p.Alias, p.MediaType, p.Name, (*file)(p.File), p.Start, p.End, p.Transcript, p.Incomplete,
		citationsOf(p.Citations), string(p.Meta), millis(p.Created), millis(p.Updated),
	}
}

func (w part) domain() convo.Part {
	return convo.Part{
		ID: w.ID, Alias: w.Alias, MediaType: w.MediaType, Name: w.Name, File: (*convo.FileRef)(w.File),
		Start: w.Start, End: w.End, Transcript: w.Transcript, Incomplete: w.Incomplete,
		Citations: w.Citations.domain(), Meta: jsonOf(w.Meta), Created: fromMillis(w.Created), Updated: fromMillis(w.Updated),
	}
}

func partsOf(list []convo.Part) parts { return each(list, partOf) }

func (w parts) domain() []convo.Part { return each(w, part.domain) }

type citations []citation

type citation struct {
	ID      string   `json:"i,omitempty"`
	Offset  int      `json:"o,omitempty"`
	Length  int      `json:"l,omitempty"`
	Sources []source `json:"s,omitempty"`
	Created int64    `json:"cr,omitempty"`
}

type source struct {
	Title       string `json:"t,omitempty"`
	Number      int    `json:"n,omitempty"`
	URL         string `json:"u,omitempty"`
	MediaType   string `json:"m,omitempty"`
	DownloadURL string `json:"d,omitempty"`
	PageNumber  string `json:"p,omitempty"`
	Origin      string `json:"o,omitempty"`
	File        string `json:"f,omitempty"`
}

func citationOf(c convo.Citation) citation {
	sources := each(c.Sources, func(s convo.Source) source { return source(s) })
	return citation{c.ID, c.Offset, c.Length, sources, millis(c.Created)}
}

func (w citation) domain() convo.Citation {
	return convo.Citation{
		ID: w.ID, Offset: w.Offset, Length: w.Length, Created: fromMillis(w.Created),
		Sources: each(w.Sources, func(s source) convo.Source { return convo.Source(s) }),
	}
}

func citationsOf(list []convo.Citation) citations { return each(list, citationOf) }

func (w citations) domain() []convo.Citation { return each(w, citation.domain) }

type partEnded struct {
	Part       string `json:"p,omitempty"`
	Incomplete bool   `json:"x,omitempty"`
	Meta       string `json:"m,omitempty"`
}

type cited struct {
	Part     string   `json:"p,omitempty"`
	Citation citation `json:"c,omitzero"`
	Shift    int      `json:"s,omitempty"`
}

// IsZero leaves a citation out that says nothing.
func (w citation) IsZero() bool {
	return w.ID == "" && w.Offset|w.Length == 0 && w.Sources == nil && w.Created == 0
}

// encodePart fills in what stands apart of an event of a live session, and gives
// the rest.
func (r *Record) encodePart(b convo.Body) (data any, err error) {
	switch b := b.(type) {
	case convo.PartStarted:
		r.Message = b.Message
		return partOf(b.Part), nil
	case convo.PartEnded:
		r.Message = b.Message
		return partEnded{b.Part, b.Incomplete, string(b.Meta)}, nil
	case convo.Cited:
		r.Message = b.Message
		return cited{b.Part, citationOf(b.Citation), b.Shift}, nil
	case convo.PassedOn:
		r.Text = string(b.Body)
		r.HasText = r.Text != ""
		return passedOn{b.Front}, nil
	}
	return r.encodeCall(b)
}

type passedOn struct {
	Front string `json:"f,omitempty"`
}

// decodePart decodes the events of live sessions.
func decodePart(r Record) (convo.Body, error) {
	switch r.Kind {
	case convo.KindPartStarted:
		d, err := unmarshal[part](r.Data)
		return convo.PartStarted{Message: r.Message, Part: d.domain()}, err
	case convo.KindPartEnded:
		d, err := unmarshal[partEnded](r.Data)
		return convo.PartEnded{Message: r.Message, Part: d.Part, Incomplete: d.Incomplete, Meta: jsonOf(d.Meta)}, err
	case convo.KindCited:
		d, err := unmarshal[cited](r.Data)
		return convo.Cited{Message: r.Message, Part: d.Part, Citation: d.Citation.domain(), Shift: d.Shift}, err
	case convo.KindPassedOn:
		d, err := unmarshal[passedOn](r.Data)
		return convo.PassedOn{Front: d.Front, Body: jsonOf(r.Text)}, err
	default:
		return decodeCall(r)
	}
}

// each converts a list; none stays none.
func each[A, B any](list []A, convert func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	converted := make([]B, len(list))
	for i, v := range list {
		converted[i] = convert(v)
	}
	return converted
}

// millis is a time in milliseconds; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
