// Package sim runs the whole path of a record — source, workers, store, group coordinator — in a small world of
// its own, where everything that can go wrong does: in the order and at the time that a seed says.
//
// The pipeline, its workers, parser and tally are the real ones. What is made up here is what lies outside of the
// process: the logs and the broker (log.go, partition.go), the group's coordinator (group.go, member.go), the
// store's server (server.go) behind a network that loses, repeats and delays (network.go, client.go), the
// processes that crash and stand still (process.go), and time, which is that of a testing/synctest bubble.
//
// The same seed gives the same run. Whoever acts (an actor) draws from random numbers of his own, and every step
// that changes the world is taken at an instant of its own, since each wait is drawn to the nanosecond: so it
// does not matter in which order the scheduler lets goroutines run that wake up together.
//
// After every step of the store its counts are compared with those of exactly the records below its offset,
// which the oracle adds up anew from what it knows of every record (oracle.go). What has been shown, published
// and written is checked as it comes (outputs.go), and in the end, when nothing fails any more, everything has to
// be counted (run.go).
package sim
