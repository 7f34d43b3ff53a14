package openai

// Read reads an answer of the service.
var Read = read
