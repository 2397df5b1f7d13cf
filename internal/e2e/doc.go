// Package e2e tests the built program as its users run it, on the real parts around it: Apache Kafka,
// kcat as a foreign producer, rsyslog as a log shipper, Prometheus as the scraper, the receiver of the
// OpenTelemetry collector. The tests are behind the build tag e2e; `make e2e` installs what is missing and runs
// them. A missing part is a failure.
//
// Everything listens on loopback at free ports, lives in temporary folders, and is ended by the test
// that started it.
package e2e
