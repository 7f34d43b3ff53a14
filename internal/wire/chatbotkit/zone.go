package chatbotkit

import (
	"path"
	"sync"
	"time"
	_ "time/tzdata" // so that zones are known on every machine

	"github.com/parleyhq/parley/internal/convo"
)

// maxZones is how many names of time zones are remembered: more than there are.
// Where files are found in any spelling, the callers could make up more.
const maxZones = 2048

// zones remembers which names of time zones are good: finding out reads files.
type zones struct {
	mu   sync.RWMutex
	good map[string]bool
}

// check gives the zone of an X-Timezone header; "" is UTC.
func (z *zones) check(name string) (string, error) {
	if name == "" || z.knows(name) {
		return name, nil
	}
	// Local is a name of Go's, for wherever the server stands. What is no clean
	// path would find the same file under endlessly many names.
	if _, err := time.LoadLocation(name); err != nil || name == "Local" || path.Clean(name) != name {
		return "", convo.Errorf(convo.Invalid, "X-Timezone must be an IANA time zone such as Europe/Paris")
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.good == nil {
		z.good = map[string]bool{}
	}
	if len(z.good) < maxZones {
		z.good[name] = true
	}
	return name, nil
}

func (z *zones) knows(name string) bool {
	z.mu.RLock()
	defer z.mu.RUnlock()
	return z.good[name]
}
