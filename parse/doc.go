// Package parse turns the bytes of one log line into Records, whatever logger wrote it and whatever
// shipper wrapped it.
//
// A line goes through at most a few layers: envelopes of shippers (Docker, CRI, Fluent Bit, Filebeat,
// Vector, syslog, journald, kcat) around the application's own JSON object. Each layer is read once;
// the inner one's fields win, the envelopes' fill what it does not name. Split records of Docker and
// CRI are joined on the way. The package has no goroutines, clock, input or output, and its Reasons
// never hold any of the input.
//
// Start reading at Parser.Parse, then decode.go (the layers), resolve.go (the fields) and join.go.
package parse
