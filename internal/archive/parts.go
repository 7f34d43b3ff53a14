package archive

import (
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// part is a part of a message. Of a text, start and end are bytes of the
// message's text.
type part struct {
	ID         string     `json:"id"`
	Alias      string     `json:"alias,omitempty"`
	MediaType  string     `json:"mediaType,omitempty"`
	Name       string     `json:"name,omitempty"`
	File       *file      `json:"file,omitempty"`
	Start      int        `json:"start,omitempty"`
	End        int        `json:"end,omitempty"`
	Transcript bool       `json:"transcript,omitempty"`
	Incomplete bool       `json:"incomplete,omitempty"`
	Citations  []citation `json:"citations,omitempty"`
	Meta       object     `json:"meta,omitempty"`
	Created    int64      `json:"created,omitempty"`
	Updated    int64      `json:"updated,omitempty"`
}

type file struct {
	URI  string `json:"uri,omitempty"`
	Size int64  `json:"size,omitempty"`
}

func partOf(p convo.Part) part {
	return part{
		p.ID, p.Alias, p.MediaType, p.Name, (*file)(p.File), p.Start, p.End, p.Transcript, p.Incomplete,
		each(p.Citations, citationOf), object(p.Meta), millis(p.Created), millis(p.Updated),
	}
}

func (w part) domain() convo.Part {
	return convo.Part{
		ID: w.ID, Alias: w.Alias, MediaType: w.MediaType, Name: w.Name, File: (*convo.FileRef)(w.File),
		Start: w.Start, End: w.End, Transcript: w.Transcript, Incomplete: w.Incomplete,
		Citations: each(w.Citations, citation.domain), Meta: convo.JSON(w.Meta),
		Created: fromMillis(w.Created), Updated: fromMillis(w.Updated),
	}
}

type citation struct {
	ID      string   `json:"id"`
	Offset  int      `json:"offset,omitempty"`
	Length  int      `json:"length,omitempty"`
	Sources []source `json:"sources,omitempty"`
	Created int64    `json:"created,omitempty"`
}

type source struct {
	Title       string `json:"title,omitempty"`
	Number      int    `json:"number,omitempty"`
	URL         string `json:"url,omitempty"`
	MediaType   string `json:"mediaType,omitempty"`
	DownloadURL string `json:"downloadUrl,omitempty"`
	PageNumber  string `json:"pageNumber,omitempty"`
	Origin      string `json:"origin,omitempty"`
	File        string `json:"file,omitempty"`
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

type partStarted struct {
	Message string `json:"message"`
	part
}

func partStartedOf(b convo.PartStarted) partStarted { return partStarted{b.Message, partOf(b.Part)} }

func (w partStarted) domain() convo.PartStarted {
	return convo.PartStarted{Message: w.Message, Part: w.part.domain()}
}

type partEnded struct {
	Message    string `json:"message"`
	Part       string `json:"part"`
	Incomplete bool   `json:"incomplete,omitempty"`
	Meta       object `json:"meta,omitempty"`
}

func partEndedOf(b convo.PartEnded) partEnded {
	return partEnded{b.Message, b.Part, b.Incomplete, object(b.Meta)}
}

func (w partEnded) domain() convo.PartEnded {
	return convo.PartEnded{Message: w.Message, Part: w.Part, Incomplete: w.Incomplete, Meta: convo.JSON(w.Meta)}
}

type cited struct {
	Message string `json:"message"`
	Part    string `json:"part,omitempty"`
	Shift   int    `json:"shift,omitempty"`
	citation
}

func citedOf(b convo.Cited) cited { return cited{b.Message, b.Part, b.Shift, citationOf(b.Citation)} }

func (w cited) domain() convo.Cited {
	return convo.Cited{Message: w.Message, Part: w.Part, Citation: w.citation.domain(), Shift: w.Shift}
}

type passedOn struct {
	Front string `json:"front,omitempty"`
	Body  value  `json:"body,omitempty"`
}

func passedOnOf(b convo.PassedOn) passedOn { return passedOn{b.Front, value(b.Body)} }

func (w passedOn) domain() convo.PassedOn {
	return convo.PassedOn{Front: w.Front, Body: convo.JSON(w.Body)}
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

// millis is a time in milliseconds since 1970; the zero time is 0.
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
