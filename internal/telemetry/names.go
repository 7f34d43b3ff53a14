package telemetry

import "sync"

// maxModels is how many names of models metrics may hold.
const maxModels = 100

// other stands for what has no label of its own.
const other = "other"

// names is a set of names that stops growing. Callers may name any model where a
// provider takes any; each name would otherwise be a series for ever.
type names struct {
	mu    sync.Mutex
	known map[string]struct{}
}

// newNames makes a set that holds the names of the configuration from the start.
func newNames(configured []string) *names {
	n := &names{known: map[string]struct{}{}}
	for _, name := range configured {
		n.learn(name)
	}
	return n
}

// learn adds a name while there is room for one. Only what was answered is
// learned, so that names that no provider knows take no place.
func (n *names) learn(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) < maxModels && name != "" {
		n.known[name] = struct{}{}
	}
}

// label gives the name, or what stands for those that are not known.
func (n *names) label(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.known[name]; ok {
		return name
	}
	return other
}
