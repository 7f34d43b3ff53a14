package uipath

// Sweep does what the front does once a minute for its socket sessions.
func (f *Front) Sweep() { f.live.sweep() }
