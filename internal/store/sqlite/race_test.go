//go:build race

package sqlite_test

// manyHistories is how many random histories are compared. With the race detector a
// history takes ten times as long; CI runs all of them without it as well.
const manyHistories = 2
