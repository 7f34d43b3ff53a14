//go:build !race

package sqlite_test

// manyHistories is how many random histories are compared.
const manyHistories = 8
