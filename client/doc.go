// Package client calls a Parley server, or the hosted service whose API it
// speaks. It depends on the standard library only.
package client
