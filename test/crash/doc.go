// Package crash kills a real server with SIGKILL while clients talk to it, and
// holds it to its promises: no text that a client has seen is lost, no
// acknowledged message is lost, nothing appears twice, and after the restart
// every turn that had begun is closed and every queued one runs.
//
// Each round opens conversations, lets several clients stream answers, send
// messages and follow the log, and kills the server at a random moment; now and
// then once more while it starts again. The clients note every line that they
// saw and everything that was acknowledged to them. Then they repeat what they
// got no answer to, as callers do, and what they saw is compared with what the
// server has, through its public API. In the end the numbers of all logs are
// counted in the database itself.
//
// Calls that ask their user are killed beside the rounds, from a live session that
// goes on by itself: while they wait, while they run, and while the answer is on its
// way.
//
// Files that are bad or large are brought to a server of its own, which must refuse
// them with the reason, or read them, in bounded memory, and go on to answer from what
// it had before.
//
// That the comparison can fail is shown twice: on made-up records, and with a
// server of the same parts whose store lies (lossyserver).
package crash
