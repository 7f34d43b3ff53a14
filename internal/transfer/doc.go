// Package transfer moves a tenant's conversations, and what it configures, out of a store and into one,
// as archives.
//
// [Export] writes what a snapshot of the store has: nothing that is written
// meanwhile gets in, and no writer waits for it. A turn that has not ended is
// exported as interrupted, with the events by which a restart would close it.
// So the same log gives the same bytes, here and wherever it is imported.
//
// [Import] writes each conversation whole or not at all, many at a time, so
// that they share commits. What is there with the same content is skipped:
// an import that was cut short is simply run again. What is there with other
// content, or cannot be a log, is reported and left as it is, and the others go
// on; what is wrong with the archive itself ends the import after the
// conversations that came whole before it.
package transfer
