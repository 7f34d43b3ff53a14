package chatbotkit

import (
	"sync"
	"time"
	_ "time/tzdata" // so that zones are known on every machine

	"github.com/parleyhq/parley/internal/convo"
)

// zones remembers which names of time zones are good: finding out reads files.
// There are some hundred good names, so it stays small.
type zones struct{ good sync.Map }

// check gives the zone of an X-Timezone header; "" is UTC.
func (z *zones) check(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if _, ok := z.good.Load(name); ok {
		return name, nil
	}
	// Local is a name of Go's, for wherever the server stands.
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return "", convo.Errorf(convo.Invalid, "X-Timezone must be an IANA time zone such as Europe/Paris")
	}
	z.good.Store(name, nil)
	return name, nil
}
