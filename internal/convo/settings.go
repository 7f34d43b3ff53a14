package convo

import (
	"strings"
	"time"
)

// Settings is what a user says of himself, and what he chose.
type Settings struct {
	Tenant string
	User   string // "" = the tenant's service user
	Profile
	// Choices are the connections that the user chose for agents.
	Choices []Choice
	Created time.Time
	Updated time.Time
}

// Profile is what a user says of himself. nil is not said.
type Profile struct {
	Name, Email, Role, Department, Company, Country *string
	Zone                                            *string // IANA time zone, as the user wrote it
}

// Choice says which connection of a connector an agent is to use for a user; ""
// is none of them.
type Choice struct {
	Bot        string // its id
	Connector  string
	Connection string
}

// Context tells the model about the user, a line for each thing; "" if there is
// nothing to tell.
func (p Profile) Context() string {
	var b strings.Builder
	for _, line := range []struct {
		name  string
		value *string
	}{
		{"Name", p.Name}, {"Email", p.Email}, {"Role", p.Role}, {"Department", p.Department},
		{"Company", p.Company}, {"Country", p.Country}, {"Time zone", p.Zone},
	} {
		if line.value == nil || *line.value == "" {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("The user:")
		}
		// One line each, whatever the user wrote.
		b.WriteString("\n" + line.name + ": " + strings.Join(strings.Fields(*line.value), " "))
	}
	return b.String()
}
