// Package openapi describes an HTTP API as an OpenAPI 3.1 document and as a
// page for people. It knows the formats and nothing of what is described.
//
// A document is made of the values that a front gives, and its schemas of the
// front's own Go types: [Schemas.Answer] follows the rules of encoding/json, and
// httpio describes what it decodes. So a field that is added to a type is in the
// document too.
//
// It promises that the same values give the same bytes: members stand in the
// order in which they were declared, never in that of a Go map.
package openapi
