package uipath

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// savedSession is what is stored of a socket, so that its client can go on after a
// loss, also with another process. It is written before the client is told of what
// is in it.
type savedSession struct {
	SID      string            `json:"sid"`
	First    uint32            `json:"first"` // number of its first base
	Next     int               `json:"next"`
	Attached []savedAttachment `json:"attached,omitempty"`
	Ended    []string          `json:"ended,omitempty"`
	Bases    []savedBase       `json:"bases"` // the latest ones, in their order
}

type savedAttachment struct {
	Index        int    `json:"i"`
	Conversation string `json:"c"`
	Last         int64  `json:"last"`
	From         int64  `json:"from"`
	Replays      bool   `json:"replays,omitempty"`
	Numbered     bool   `json:"numbered,omitempty"`
	Resumes      bool   `json:"resumes,omitempty"`
}

// savedBase is what offsets with its number leave out: where conversations stood
// that are not named in them. One that is in neither stands at its beginning.
type savedBase struct {
	Number uint32         `json:"n"`
	At     map[int]string `json:"at,omitempty"`
}

// keptBases is how many bases a session keeps: an offset is older than the latest
// one only if its client was cut off just then.
const keptBases = 8

// keepFor is how long a session can be recovered after its connection was lost. The
// promise is two minutes; what is above covers how seldom it is noted that a client
// is there.
const keepFor = 4 * time.Minute

// snapshot is the session as it is to be stored. The caller holds the lock.
func (s *socket) snapshot(bases []savedBase) savedSession {
	saved := savedSession{SID: s.sid, First: s.first, Next: s.next, Bases: bases}
	for _, a := range s.attached {
		if s.ending {
			break // its client was told to go elsewhere
		}
		saved.Attached = append(saved.Attached, savedAttachment{
			Index: a.index, Conversation: a.conversation, Last: a.last, From: a.from,
			Replays: a.replays, Numbered: a.numbered, Resumes: a.resumes,
		})
	}
	for conversation := range s.ended {
		saved.Ended = append(saved.Ended, conversation)
	}
	return saved
}

// save stores the session as it is now.
func (s *socket) save(ctx context.Context) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	retired, saved := s.retired, s.snapshot(s.bases)
	s.mu.Unlock()
	if retired {
		return nil
	}
	return s.put(ctx, saved)
}

func (s *socket) put(ctx context.Context, saved savedSession) error {
	state, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	return s.live.sessions.PutSocket(ctx, store.SocketSession{
		ID: s.pid, Tenant: s.actor.Tenant, Owner: ownerOf(s.actor), Seen: time.Now(), State: state,
	})
}

// ownerOf names who may recover a session: it is not bound to a token, which may be
// a fresh one, but to a user of an application.
func ownerOf(actor convo.Actor) string {
	if actor.User != "" {
		return "user " + actor.User
	}
	return "app " + actor.App
}

// rebase stores where all conversations stand, so that offsets become short again.
func (s *socket) rebase() {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	fresh := savedBase{Number: s.base + 1, At: map[int]string{}}
	stood := map[*attachment]position{}
	for _, a := range s.attached {
		stood[a], fresh.At[a.index] = a.at, string(a.at.append(nil))
	}
	bases := append(slices.Clone(s.bases[max(0, len(s.bases)-keptBases+1):]), fresh)
	saved, over := s.snapshot(bases), s.over || s.retired
	s.mu.Unlock()
	var err error
	if !over {
		err = s.put(s.live.ctx, saved)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rebasing = false
	if over || err != nil {
		return // offsets stay long, and the next one tries again
	}
	s.base, s.bases, s.moved = fresh.Number, bases, nil
	for _, a := range s.attached {
		at, known := stood[a]
		if a.moved = known && a.at != at || !known && a.moved; a.moved {
			s.moved = append(s.moved, a)
		}
	}
}

// errUnknownSession says that there is no session to recover.
var errUnknownSession = errors.New("the session is not known")

// restore makes the socket the one that a session was stored of, with all
// conversations where its client has them.
func (s *socket) restore(ctx context.Context, pid, given string) error {
	stored, err := s.live.sessions.Socket(ctx, pid)
	switch {
	case convo.ErrorKind(err) == convo.NotFound:
		return errUnknownSession
	case err != nil:
		return err
	case stored.Tenant != s.actor.Tenant || stored.Owner != ownerOf(s.actor) || time.Since(stored.Seen) > keepFor:
		return errUnknownSession
	}
	var saved savedSession
	if err := json.Unmarshal(stored.State, &saved); err != nil || len(saved.Bases) == 0 {
		return errUnknownSession
	}
	at, err := saved.positions(given)
	if err != nil {
		return err
	}
	s.sid, s.pid, s.first, s.next = saved.SID, pid, saved.First, saved.Next
	s.bases, s.base = saved.Bases, saved.Bases[len(saved.Bases)-1].Number
	for _, conversation := range saved.Ended {
		s.ended = remember(s.ended, conversation)
	}
	latest := saved.Bases[len(saved.Bases)-1].At
	for _, one := range saved.Attached {
		a := &attachment{
			socket: s, conversation: one.Conversation, index: one.Index, last: one.Last, from: one.From,
			replays: one.Replays, numbered: one.Numbered, resumes: one.Resumes, at: at[one.Index], restored: true,
		}
		if text, ok := latest[one.Index]; ok && text != string(a.at.append(nil)) || !ok && a.at != one.start() {
			a.moved = true
			s.moved = append(s.moved, a)
		}
		s.attached[a.conversation] = a
	}
	return nil
}

// start is where an attachment stands that was given nothing.
func (a savedAttachment) start() position {
	if a.Replays {
		return position{replay: true}
	}
	return position{seq: a.Last}
}

// positions says where the client has its conversations that gives this offset. None,
// or one of another session, which a client may keep, is the beginning of this one.
func (saved savedSession) positions(given string) (map[int]position, error) {
	at := map[int]position{}
	for _, a := range saved.Attached {
		at[a.Index] = a.start()
	}
	o, err := parseOffset(given)
	if err != nil {
		return at, nil
	}
	i := slices.IndexFunc(saved.Bases, func(b savedBase) bool { return b.Number == o.base })
	latest := saved.Bases[len(saved.Bases)-1].Number
	switch {
	case i < 0 && o.base-saved.First <= latest-saved.First:
		return nil, errUnknownSession // its base is not kept any more
	case i < 0:
		return at, nil
	}
	for index, text := range saved.Bases[i].At {
		if p, err := parsePosition(text); err == nil {
			at[index] = p
		}
	}
	for index, p := range o.moved {
		at[index] = p
	}
	return at, nil
}

// forgetMoved takes an attachment out of the offsets. The caller holds the lock.
func (s *socket) forgetMoved(a *attachment) {
	s.moved = slices.DeleteFunc(s.moved, func(b *attachment) bool { return a == b })
}
