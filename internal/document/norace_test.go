//go:build !race

package document_test

const memoryFactor = 1
