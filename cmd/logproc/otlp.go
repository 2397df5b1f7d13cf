package main

import (
	"log/slog"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/sinks/otlp"
)

// withSpans adds the export of spans to what is told of closed requests, where one is configured.
func (i *instance) withSpans(first live.Shown) (live.Shown, error) {
	exporter, err := newOTLP(i.cfg, i.logger)
	if err != nil || exporter == nil {
		return first, err
	}
	i.cleanUps = append(i.cleanUps, exporter.Close) // after the engine has ended
	if err := i.exporter.Registry().Register(exporter); err != nil {
		return nil, err
	}
	return shownBoth{first, exporter}, nil
}

// shownBoth tells two of closed requests.
type shownBoth struct {
	first live.Shown
	spans *otlp.Exporter
}

// Closed implements live.Shown.
func (s shownBoth) Closed(closed []*correlate.Closed) {
	s.first.Closed(closed)
	for _, c := range closed {
		s.spans.Export(c)
	}
}

// newOTLP makes the exporter of requests as OpenTelemetry spans; nil when none is configured. It is registered with
// the metrics' registry, gets every closed request, and is closed after the last one.
func newOTLP(cfg *config.Config, logger *slog.Logger) (*otlp.Exporter, error) {
	if cfg.OTLP.Endpoint == "" {
		return nil, nil
	}
	headers, err := cfg.OTLPHeaders()
	if err != nil {
		return nil, err
	}
	tls, err := cfg.OTLPTLS()
	if err != nil {
		return nil, err
	}
	return otlp.New(otlp.Options{
		Endpoint: cfg.OTLP.Endpoint, Headers: headers, TLS: tls, Queue: cfg.OTLP.Queue, Timeout: cfg.OTLP.Timeout,
		DrainTimeout: cfg.DrainTimeout, Version: versionText(), Logger: logger,
	})
}
