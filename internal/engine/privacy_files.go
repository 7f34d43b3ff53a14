package engine

import (
	"cmp"

	"github.com/parleyhq/parley/internal/convo"
)

// unmaskable refuses files of a message in which nothing can be masked, where the
// conversation is private and its bot does not let them through: what they show would
// reach the model as it is.
func unmaskable(c convo.Config, parts []convo.Part) error {
	if !private(c) || letsThrough(c) {
		return nil
	}
	for _, p := range parts {
		if p.File != nil && !mayBeText(p.MediaType) {
			return errUnmaskable("the file " + clip(cmp.Or(p.Name, p.MediaType, "of the message")))
		}
	}
	return nil
}

// letsThrough reports whether a private conversation lets through what cannot be
// masked.
func letsThrough(c convo.Config) bool { return c.Unmasked != nil && *c.Unmasked }

func errUnmaskable(what string) error {
	return convo.Errorf(convo.Invalid, "%s cannot be masked, and this conversation is private; send text, or let the bot take it with meta.privacy \"partly\"", what)
}
