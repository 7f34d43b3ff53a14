// Package compat drives a running server with the published npm packages.
//
// The scripts beside this file (*.test.mjs) run under node's own test runner,
// each against a server process of its own with an empty data folder and a fake
// model provider. They use the real @chatbotkit/sdk and, those that begin with
// uipath-, the real @uipath/uipath-typescript, in the versions that package.json
// names. What a later version of that package adds to the protocol goes over a
// plain socket.io-client.
//
// browser.mjs drives a page that is built on the second package (page.mjs, with
// esbuild) in a headless Chromium, which is an installed one or that of
// PARLEY_TEST_CHROMIUM; PARLEY_TEST_SCREENSHOTS names a folder for pictures.
//
// With PARLEY_EXAMPLES, the folder examples/sdk of a checkout of the first
// package's repository, its published scripts run too, unmodified, and so does
// its agent package. None of them is in this repository.
//
// Without node 20, npm or a browser, or where the packages cannot be had, the
// tests are skipped and say why; with PARLEY_TEST_STRICT=1 that is a failure.
package compat
