// Package chatbotkit is the front that speaks the ChatBotKit v1 API, as the npm
// package @chatbotkit/sdk uses it, plus a few operations of our own.
//
// It decodes a request, calls the engine, and renders what the engine says:
// one object as JSON, a list as JSON, JSON Lines or CSV, a turn as its result
// or as the lines of its events. No rule of conversations lives here. What is
// decided here is the dialect: names and types of fields, statuses and codes
// of errors, the order of lines.
//
// The operations are one table, in operations.go, from which the routes under /v1
// and /api/v1 are made. A request is a struct whose json tags name its fields;
// fields of features that this server does not have yet are known, checked for
// their shape, and refused by name.
package chatbotkit
