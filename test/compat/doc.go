// Package compat drives a running server with the published npm packages.
//
// The scripts beside this file (*.test.mjs) run under node's own test runner,
// each against a server process of its own with an empty data folder and a fake
// model provider. They use the real @chatbotkit/sdk in the version that
// package.json names, and nothing else from npm.
//
// Without node 20 or npm, or where the packages cannot be had, the tests are
// skipped and say why; with PARLEY_TEST_STRICT=1 that is a failure.
package compat
