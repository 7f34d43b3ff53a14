// Package bench measures the server's speed: each row of its table as a ratio
// against a baseline that is measured in the same run, because the absolute
// figures of a machine mean little and change with whatever else it does.
//
// What is promised of a row:
//
//   - Whatever is told apart by its cost is a process of its own: the server, a
//     bare reverse proxy, the provider, and the load are workers, which the
//     program starts as copies of itself. What counts is the processor time of
//     the process under test, which noise changes far less than the clock.
//
//   - Baseline and subject take turns, after a round that does not count. The
//     ratio is the median of the rounds' ratios, and its spread is told.
//
//   - Every answer is read to its end and compared with what the provider sent:
//     one token that is lost, twice or wrong fails the row, and so does any
//     status but 200. A benchmark that measures errors measures nothing.
//
//   - Workers end with the process that started them, however it ends, and what
//     a row wrote to the disk is removed.
package bench
