package uipath

import (
	"encoding/json"
	"net/mail"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// The bounds of what users say of themselves, in characters.
const (
	maxSaid  = 100
	maxEmail = 255
	maxZone  = 50
)

// saidText is something that a user says of himself.
type saidText string

// DecodeField implements [httpio.Field].
func (s *saidText) DecodeField(path string, value []byte) error {
	return decodeSaid(path, value, maxSaid, codeSetting, (*string)(s))
}

// emailText is an e-mail address.
type emailText string

// DecodeField implements [httpio.Field].
func (s *emailText) DecodeField(path string, value []byte) error {
	if err := decodeSaid(path, value, maxEmail, codeEmail, (*string)(s)); err != nil {
		return err
	}
	if a, err := mail.ParseAddress(string(*s)); err != nil || a.Address != string(*s) {
		return refuseField(codeEmail, path, "%s must be an e-mail address, like ann@example.com", path)
	}
	return nil
}

// zoneText is a time zone, as the user's system names it.
type zoneText string

// DecodeField implements [httpio.Field].
func (s *zoneText) DecodeField(path string, value []byte) error {
	return decodeSaid(path, value, maxZone, codeSetting, (*string)(s))
}

func decodeSaid(path string, value []byte, most, code int, dst *string) error {
	var s string
	if value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return refuseField(code, path, "%s must be a string, or null to clear it", path)
	}
	if utf8.RuneCountInString(s) > most {
		return refuseField(code, path, "%s must have at most %d characters", path, most)
	}
	*dst = s
	return nil
}

// settingsRequest changes what a user says of himself: what is absent stays, null
// clears.
type settingsRequest struct {
	Name       httpio.Optional[saidText]  `json:"name"`
	Email      httpio.Optional[emailText] `json:"email"`
	Role       httpio.Optional[saidText]  `json:"role"`
	Department httpio.Optional[saidText]  `json:"department"`
	Company    httpio.Optional[saidText]  `json:"company"`
	Country    httpio.Optional[saidText]  `json:"country"`
	Zone       httpio.Optional[zoneText]  `json:"timezone"`
}

func (r *settingsRequest) apply(p *convo.Profile) {
	applySaid(r.Name, &p.Name)
	applySaid(r.Email, &p.Email)
	applySaid(r.Role, &p.Role)
	applySaid(r.Department, &p.Department)
	applySaid(r.Company, &p.Company)
	applySaid(r.Country, &p.Country)
	applySaid(r.Zone, &p.Zone)
}

func applySaid[T ~string](o httpio.Optional[T], dst **string) {
	switch {
	case !o.Given:
	case o.Null:
		*dst = nil
	default:
		*dst = new(string(o.Value))
	}
}

// settingsObject is what a user says of himself. Each member is there, and null where
// nothing was said.
type settingsObject struct {
	User       string  `json:"userId"`
	Name       *string `json:"name"`
	Email      *string `json:"email"`
	Role       *string `json:"role"`
	Department *string `json:"department"`
	Company    *string `json:"company"`
	Country    *string `json:"country"`
	Zone       *string `json:"timezone"`
	times
}

func (c *call) showSettings(s convo.Settings) settingsObject {
	return settingsObject{
		User: c.actor.UserID(), Name: s.Name, Email: s.Email, Role: s.Role, Department: s.Department,
		Company: s.Company, Country: s.Country, Zone: s.Zone, times: times{stamp(s.Created), stamp(s.Updated)},
	}
}

func getSettings(c *call) error {
	found, err := c.engine().Settings(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	return c.answer(c.showSettings(found))
}

func updateSettings(c *call, in settingsRequest) error {
	changed, err := c.engine().UpdateSettings(c.r.Context(), c.actor, func(s *convo.Settings) error {
		in.apply(&s.Profile)
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(c.showSettings(changed))
}
