package main

import (
	"strings"
	"testing"
)

// A server, or whatever answers in its place, can send anything.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"type":"completeBegin","data":{},"seq":5}` + "\n" + `{"type":"token","data":{"token":"x"},"seq":6,"turn":"t"}` + "\n" +
		`{"type":"error","data":{"message":"m"}}` + "\n" + ` {"type":"result","data":{"end":{"reason":"stop"}},"seq":9}` + "\n")
	f.Add("\n")
	f.Add(`{"type":"token","data":null,"seq":-1}`)
	f.Fuzz(func(t *testing.T, stream string) {
		var printed strings.Builder
		a := &answer{print: func(token string) { printed.WriteString(token) }}
		err := readLines(strings.NewReader(stream), a.own)
		if err == nil && a.result == nil {
			t.Error("a stream without a result passed for a whole one")
		}
		b := &answer{seq: a.seq, print: func(string) {}}
		if err := readLines(strings.NewReader(stream), b.logged); err == nil && b.result == nil {
			t.Error("a log without a result passed for a whole one")
		}
	})
}
