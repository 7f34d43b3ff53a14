// Package consumer checks that a module outside of this one can be built on the
// client: nothing of it is internal, and it brings no dependency along.
package consumer
