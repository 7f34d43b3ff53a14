// Package archtest holds the tests of what no compiler checks: in which
// direction packages import each other, that each says what it promises, and
// that every dependency is in docs/dependencies.md with its reason.
//
// A package that is in no layer fails too: whoever adds one decides where it
// belongs, in layers of arch_test.go.
package archtest
