// Package otlp exports interesting requests as spans to any OpenTelemetry back end, so that services which only
// log appear in its traces.
//
// A request becomes one tree: a root span, and under it a span for each side of each call that has logged
// something. A client's span hangs below the span of the server that was at work for it, by service, host and that
// host's clock; clocks of different hosts are never compared. Records that are no part of a call become events
// of spans.
//
// The ids of trace and spans are a function of the request: when it is exported again after a crash, a back end gets
// the same spans and not new ones.
//
// Export never blocks and never fails. Requests wait in a bounded queue for the one goroutine that sends them; what
// does not fit is dropped and counted. The OpenTelemetry SDK's exporters are not used because they do not try again
// when nobody listens (HTTP), and hide how many spans a receiver has refused.
package otlp
