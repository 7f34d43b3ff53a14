package convo

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Tenancy names a tenant in the words of protocols that have an organisation above
// it: each of the two has a name and an id, a UUID that stays while the names do.
type Tenancy struct {
	Org, OrgID       string
	Tenant, TenantID string
}

// TenancyOf gives the names and ids of a tenant by its id, which is org/name.
func TenancyOf(tenant string) Tenancy {
	org, name, _ := strings.Cut(tenant, "/")
	return Tenancy{Org: org, OrgID: StableID("org", org), Tenant: name, TenantID: StableID("tenant", tenant)}
}

// Is reports whether an organisation and a tenant, each by its name or its id and
// in any case, are these.
func (t Tenancy) Is(org, tenant string) bool {
	return t.IsOrg(org) && (strings.EqualFold(tenant, t.Tenant) || strings.EqualFold(tenant, t.TenantID))
}

// IsOrg reports whether that is the organisation's name or id, in any case.
func (t Tenancy) IsOrg(org string) bool {
	return strings.EqualFold(org, t.Org) || strings.EqualFold(org, t.OrgID)
}

// StableID makes a UUID of names: the same one for the same names, at every start
// and on every machine. kind keeps the ids of different things apart. It is of
// version 8 (RFC 9562), made with SHA-256: those of version 5 are made with SHA-1,
// of which somebody who chooses names could make two that are the same.
func StableID(kind string, names ...string) string {
	text := fmt.Appendf(nil, "%d:%s", len(kind), kind)
	for _, name := range names {
		text = fmt.Appendf(text, "%d:%s", len(name), name) // with their lengths, so that no two lists read alike
	}
	id := sha256.Sum256(text)
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
