// Package dialects holds the tests of the tool loop over the API of every model
// provider: the engine, a driver, and a provider that refuses what the real ones
// refuse. What of it belongs to one of them is tested there.
package dialects
