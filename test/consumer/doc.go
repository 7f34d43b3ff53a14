// Package consumer checks that README's Go example works in a module outside of
// this one: nothing that it needs is internal, and the client brings no
// dependency along.
package consumer
