package bench

import (
	"context"
	"time"
)

// Row is a line of the table.
type Row struct {
	Name string
	What string
	Goal string

	measure func(ctx context.Context, b *bench, r *Result) error
}

// Rows are all of them, in the order of the table.
func Rows() []Row {
	return []Row{
		{
			Name: "relay-paced", What: "stateless, 256 streams of 50 tokens a second: CPU per token, against a bare reverse proxy", Goal: "≤ 1.2×",
			measure: relay{streams: 256, answer: answerSpec{Tokens: 200, Pause: 20 * time.Millisecond}, protocol: stateless, limit: 1.2}.measure,
		}, {
			Name: "relay-full", What: "stateless, 16 streams at full speed: CPU per token, against the proxy", Goal: "≤ 4×",
			measure: relay{streams: 16, answers: 20, answer: answerSpec{Tokens: 5000}, protocol: stateless, limit: 4}.measure,
		}, {
			Name: "relay-stored", What: "256 streams of 50 tokens a second, every token in the log before it is shown: CPU per token, against the proxy", Goal: "≤ 1.6×",
			measure: relay{streams: 256, answer: answerSpec{Tokens: 200, Pause: 20 * time.Millisecond}, protocol: stored, limit: 1.6}.measure,
		}, {
			Name: "ttft", What: "added time to the first token, stateless, at 1 and at 256 streams at once, against the proxy", Goal: "≤ 1 ms p50, ≤ 5 ms p99",
			measure: firstToken,
		}, {
			Name: "durable", What: "turns with question and answer synced, 64 callers, a model without delay: against the same rows written raw in two commits", Goal: "≥ 0.5×",
			measure: durable{callers: 64, turns: 5000}.measure,
		}, {
			Name: "slow", What: "9,000 stateless streams of 1 token a second: memory of a stream and lateness of a token, against the proxy", Goal: "≤ 1.2×, ≤ 1.5×",
			measure: slow{streams: 9000, tokens: 30, pause: time.Second, ramp: 10 * time.Second}.measure,
		}, {
			Name: "fanout", What: "200 readers of one streaming conversation: CPU per event delivered, against one reader", Goal: "≤ 0.2×",
			measure: fanout{readers: 200, answer: answerSpec{Tokens: 400, Pause: 10 * time.Millisecond}}.measure,
		}, {
			Name: "session-idle", What: "10,000 live sessions in which nothing happens: memory of each, beside a socket of Node's socket.io", Goal: "≤ 15 KiB",
			measure: sessionIdle{sessions: 10_000, settle: 10 * time.Second}.measure,
		}, {
			Name: "session-readers", What: "one answer to 200 sessions: CPU per event delivered, above the same turn without a reader, against Node's socket.io", Goal: "≤ 0.6×",
			measure: sessionSpec{conversations: 1, readers: 200, answers: 1, answer: answerSpec{Tokens: 250, Pause: 20 * time.Millisecond}}.measure,
		}, {
			Name: "session-answers", What: "200 answers to a session each: the same", Goal: "≤ 0.6×",
			measure: sessionSpec{conversations: 200, readers: 1, answers: 1, answer: answerSpec{Tokens: 250, Pause: 20 * time.Millisecond}}.measure,
		}, {
			Name: "session-late", What: "50 turns with 4 sessions each, 10,000 events delivered a second: lateness of a piece of text", Goal: "≤ 5 ms p99",
			measure: sessionLate{sessionSpec{conversations: 50, readers: 4, answers: 5, answer: answerSpec{Tokens: 50, Pause: 20 * time.Millisecond, Stamp: true}}}.measure,
		}, {
			Name: "session-stalled", What: "a session that stops reading for a while, of 50 answers of 50 tokens a second: extra memory", Goal: "≤ 1 MiB",
			measure: sessionStall{conversations: 50, readers: 2, pause: 20 * time.Millisecond, every: time.Second}.measure,
		}, {
			Name: "pages", What: "pages of lists and histories at 1,000,000 conversations with 20,000,000 messages, against 1,000 with 20,000", Goal: "≤ 2× the time",
			measure: pages{conversations: wholeStore, small: smallStore, requests: 200}.measure,
		}, {
			Name: "folder", What: "the data folder at that size, against the bare text in it", Goal: "≤ 1.6×",
			measure: folder{conversations: wholeStore}.measure,
		}, {
			Name: "window", What: "a turn in a conversation of 10,000 messages with a window of 10, against one of 10", Goal: "≤ 2×",
			measure: window{conversations: 10, long: 10_000, short: 10, turns: 3}.measure,
		}, {
			Name: "search-text", What: "full text, top 10 of 100,000 records of 80 words, 3 to 8 words asked, a question a core at once, a writer beside them: against SQLite's FTS5", Goal: "≤ 0.05× the p50 and p99",
			measure: searchText{records: 100_000, questions: 200, pace: 20 * time.Millisecond}.measure,
		}, {
			Name: "search-vector", What: "vectors, top 10 of 100,000 of 768 values around 1,000 centres: against a plain scan in memory on one core", Goal: "≤ 0.5×, recall ≥ 0.98",
			measure: searchVectors{records: 100_000, length: 768, clusters: 1000, questions: 100}.measure,
		}, {
			Name: "index-markdown", What: "10 MB of Markdown, from the file to records that are found: against the bare insert of the same texts into FTS5", Goal: "≤ 1.5×",
			measure: indexMarkdown{size: 10_000_000}.measure,
		}, {
			Name: "mask", What: "a text with a value in every 80 words, piece by piece, masked and restored: CPU per KiB, against a plain copy of the same pieces", Goal: "told",
			measure: masking{size: 1 << 20, copies: 64, maskeds: 16}.measure,
		}, {
			Name: "idle", What: "a server with an empty store that nobody uses", Goal: "≤ 40 MiB, ready ≤ 300 ms after exec",
			measure: idle{after: 3 * time.Second}.measure,
		},
	}
}
