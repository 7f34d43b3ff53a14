// Package archive holds parley export and parley import to their promise: what
// is exported, imported into an empty store and exported again is the same
// bytes. It fills a data folder with conversations that have everything that a
// log may have, runs the real commands on it, and kills them, and the server
// that carries them out, with SIGKILL in the middle.
//
// The number of conversations is a flag, so that the test can be run large:
//
//	go test ./test/archive -conversations 10000
package archive
