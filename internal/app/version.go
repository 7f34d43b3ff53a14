package app

// Version is that of the next release; CHANGELOG.md says what is in it.
const Version = "0.1.0"
