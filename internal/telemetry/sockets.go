package telemetry

// Sockets observes the sockets of a front.
type Sockets struct{ metrics *metrics }

// Sockets gives the observer of sockets.
func (t *Telemetry) Sockets() Sockets { return Sockets{t.metrics} }

// Connected counts a client that connected.
func (s Sockets) Connected(recovered bool) {
	s.metrics.sockets.Inc()
	session := "new"
	if recovered {
		session = "recovered"
	}
	s.metrics.connections.WithLabelValues(session).Inc()
}

// Disconnected counts a client that has gone.
func (s Sockets) Disconnected() { s.metrics.sockets.Dec() }

// Sent counts an event for a client.
func (s Sockets) Sent(taken bool) {
	direction := "sent"
	if !taken {
		direction = "lost"
	}
	s.metrics.frames.WithLabelValues(direction).Inc()
}

// Heard counts what a client said.
func (s Sockets) Heard(n int) { s.metrics.frames.WithLabelValues("heard").Add(float64(n)) }
