// Package correlate joins log records to requests: by RequestID and trace id, over services and partitions.
//
// An Observer makes an Observation of a record that names a request, with redacted texts only. An Engine owns
// the open requests and closes each when the event time of its inputs has passed it. What comes out is a
// Timeline: the events in order, the calls between services with one Verdict each, and what was in conflict.
//
// Nothing here looks at a clock. All that comes out is a function of what was put in, which is why open
// requests survive a restart by being read again.
//
// Clocks of different hosts are compared for the order of a timeline only, and never shifted: the time that a call
// spent between two hosts is the client's own duration less the server's own.
package correlate
