package uipath

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// textType is the media type of texts that have none of their own.
const textType = "text/markdown"

// called is the id by which clients know something: their own, or else ours.
func called(id, alias string) string {
	if alias != "" {
		return alias
	}
	return id
}

func (c *call) showExchange(x *engine.Exchange, newestFirst bool) exchangeObject {
	shown := exchangeObject{
		ID: called(x.Turn.ID, x.Alias), Messages: []messageObject{}, times: times{stamp(x.Opened), stamp(x.Updated)},
		Metadata: value(x.Metadata), Status: statusText(x.Turn),
	}
	switch {
	case x.Rating > 0:
		shown.Rating = positive
	case x.Rating < 0:
		shown.Rating = negative
	}
	for i := range x.Messages {
		shown.Messages = append(shown.Messages, c.showMessage(&x.Messages[i]))
	}
	if newestFirst {
		slices.Reverse(shown.Messages)
	}
	return shown
}

// statusText is how an exchange stands.
func statusText(t convo.Turn) string {
	if t.State != convo.StateEnded {
		return string(t.State)
	}
	switch t.Reason {
	case convo.EndStopped, convo.EndFailed, convo.EndInterrupted:
		return string(t.Reason)
	}
	return string(convo.EndDone)
}

func (c *call) showMessage(m *engine.ExchangeMessage) messageObject {
	updated := m.Updated
	if updated.Before(m.Created) {
		updated = m.Created
	}
	shown := messageObject{
		ID: called(m.ID, m.Alias), Role: string(m.Role), Parts: []partObject{}, Calls: []callObject{},
		Interrupts: []interruptObject{}, times: times{stamp(m.Created), stamp(updated)}, Reasoning: m.Reasoning,
	}
	for _, p := range partsOf(m) {
		shown.Parts = append(shown.Parts, c.showPart(m, p))
	}
	for i := range m.Calls {
		shown.Calls = append(shown.Calls, showCall(&m.Calls[i]))
	}
	for _, i := range m.Interrupts {
		shown.Interrupts = append(shown.Interrupts, showInterrupt(i))
	}
	return shown
}

// partsOf gives the parts of a message. One that has none of its own is one part,
// which is called as it is.
func partsOf(m *engine.ExchangeMessage) []convo.Part {
	switch {
	case m.Silent || m.Open && len(m.Parts) == 0 && m.Role != engine.RoleAssistant && m.Text == "":
		return nil
	case len(m.Parts) > 0:
		return m.Parts
	}
	return []convo.Part{{
		ID: m.ID, Alias: m.Alias, MediaType: textType, End: len(m.Text), Incomplete: m.Incomplete,
		Citations: m.Citations, Created: m.Created, Updated: m.Updated,
	}}
}

func (c *call) showPart(m *engine.ExchangeMessage, p convo.Part) partObject {
	created, updated := p.Created, p.Updated
	if created.IsZero() {
		created = m.Created
	}
	if updated.IsZero() {
		updated = m.Updated
	}
	shown := partObject{
		ID: called(p.ID, p.Alias), MediaType: p.MediaType, Name: p.Name, Transcript: p.Transcript,
		Incomplete: p.Incomplete, Citations: c.showCitations(p.Citations, created), nestedTimes: nested(created, updated),
	}
	if p.File != nil {
		shown.Data = c.showFile(p)
		return shown
	}
	text := ""
	if p.Start <= p.End && p.End <= len(m.Text) {
		text = m.Text[p.Start:p.End]
	}
	shown.Data.Inline = &text
	return shown
}

// showFile says where a file can be read: one of ours at an address that is made for
// this answer, another one where its sender said.
func (c *call) showFile(p convo.Part) dataObject {
	data := dataObject{URI: p.File.URI}
	if id, ok := convo.FileID(p.File.URI); ok {
		data.URI = c.downloadURL(id, p.Name, p.MediaType)
		data.Size = &p.File.Size
	} else if p.File.Size > 0 {
		data.Size = &p.File.Size
	}
	return data
}

// showCitations gives the citations of a part in their order. Clients count each on
// the text before it, so none may overlap another.
func (c *call) showCitations(citations []convo.Citation, made time.Time) []citationObject {
	shown := []citationObject{}
	link := c.front.linker(c.front.base(c.r), c.actor.Tenant)
	for _, cited := range citations {
		at := cited.Created
		if at.IsZero() {
			at = made
		}
		o := citationObject{
			ID: cited.ID, Offset: cited.Offset, Length: cited.Length, Sources: []sourceObject{}, nestedTimes: nested(at, at),
		}
		for _, s := range cited.Sources {
			o.Sources = append(o.Sources, sourceObject{
				Title: s.Title, Number: s.Number, URL: s.URL, MediaType: s.MediaType, DownloadURL: link.of(s), Page: s.PageNumber,
			})
		}
		shown = append(shown, o)
	}
	slices.SortStableFunc(shown, func(a, b citationObject) int {
		if a.Offset != b.Offset {
			return a.Offset - b.Offset
		}
		return a.Length - b.Length
	})
	return shown
}

func showCall(c *engine.ExchangeCall) callObject {
	shown := callObject{
		ID: c.ID, Name: c.Name, Input: value(c.Input), At: moment(c.Requested), Confirm: c.Asked.Asks == convo.AsksConfirm,
		ClientSide: c.Runs == convo.RunsClient, nestedTimes: nested(c.Requested, c.Updated()),
	}
	if shown.Confirm {
		shown.InputSchema = value(c.Asked.Input)
	}
	if shown.ClientSide {
		shown.OutputSchema = value(c.Asked.Output)
	}
	if shown.Confirm && !c.Answered.IsZero() {
		shown.Confirmation = &confirmationObject{Approved: c.Approved, At: stamp(c.Answered)}
		if c.Approved {
			shown.Confirmation.Input = value(c.Input)
		}
	}
	if !c.Ended.IsZero() {
		shown.Result = showResult(c)
	}
	return shown
}

func showResult(c *engine.ExchangeCall) *resultObject {
	result := &resultObject{At: stamp(c.Ended), Output: value(c.Output)}
	switch c.Outcome {
	case convo.ToolFailed, convo.ToolInterrupted:
		result.Failed = true
	case convo.ToolCancelled:
		result.Cancelled = true
		if c.Runs != convo.RunsCaller {
			result.Output = nil
		}
	case convo.ToolRejected, convo.ToolExpired:
		result.Cancelled = true
	}
	return result
}

func showInterrupt(i engine.ExchangeInterrupt) interruptObject {
	updated := i.Ended
	if updated.IsZero() {
		updated = i.Started
	}
	shown := interruptObject{
		ID: i.ID, Type: i.Type, Value: value(i.Value), EndValue: value(i.Answer), nestedTimes: nested(i.Started, updated),
	}
	if shown.Value == nil {
		shown.Value = object("null")
	}
	return shown
}
