// Package compat drives a running server with the published npm packages.
//
// The scripts beside this file (*.test.mjs) run under node's own test runner,
// each against a server process of its own with an empty data folder and a fake
// model provider. They use the real @chatbotkit/sdk in the version that
// package.json names, and nothing else from npm.
//
// With PARLEY_EXAMPLES, the folder examples/sdk of a checkout of the package's
// repository, its published scripts run too, unmodified, and so does its agent
// package. None of them is in this repository.
//
// Without node 20 or npm, or where the packages cannot be had, the tests are
// skipped and say why; with PARLEY_TEST_STRICT=1 that is a failure.
package compat
