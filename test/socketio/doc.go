// Package socketio holds internal/socketio against what others publish: the
// socket.io-client of npm, and the test suites of the two protocols, which are in
// the documentation of the repository of socket.io.
//
// The suites are not ours to ship. They are fetched from a pinned commit, or taken
// from the checkout that PARLEY_SOCKETIO_SUITES names; where neither can be had,
// their tests are skipped and say so. What they say of the transport that is not
// built, polling, is left out of them.
//
// Without node 20 or npm the tests are skipped and say why; with
// PARLEY_TEST_STRICT=1 that is a failure.
package socketio
