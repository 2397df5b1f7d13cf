package main

import (
	"log/slog"

	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/sinks/otlp"
)

// openSpans makes what exports closed requests; nil where nothing is configured.
func (i *instance) openSpans() (live.Exporter, error) {
	exporter, err := newOTLP(i.cfg, i.logger)
	if err != nil || exporter == nil {
		return nil, err
	}
	i.cleanUps = append(i.cleanUps, exporter.Close) // after the engine has ended
	return exporter, i.exporter.Registry().Register(exporter)
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
