//go:build race

package document_test

// memoryFactor is how much more memory a process has that looks for races.
const memoryFactor = 4
