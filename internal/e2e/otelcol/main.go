// Command otelcol is the OTLP receiver of the OpenTelemetry collector with a consumer that writes every span down:
// a real receiver for the end-to-end tests. It is a module of its own because logproc needs none of what the
// collector is made of.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

func main() {
	grpc := flag.String("grpc", "127.0.0.1:4317", "address for OTLP over gRPC")
	http := flag.String("http", "127.0.0.1:4318", "address for OTLP over HTTP")
	out := flag.String("out", "spans.jsonl", "file to append what is received to, as OTLP JSON lines")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *grpc, *http, *out); err != nil {
		fmt.Fprintln(os.Stderr, "otelcol:", err)
		os.Exit(1)
	}
}

// run receives until ctx ends.
func run(ctx context.Context, grpc, http, out string) (err error) {
	file, err := os.OpenFile(out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	writer, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		line, err := new(ptrace.JSONMarshaler).MarshalTraces(traces)
		if err != nil {
			return fmt.Errorf("encode spans: %w", err)
		}
		_, err = file.Write(append(line, '\n')) // one write a line: requests come side by side
		return err
	})
	if err != nil {
		return err
	}
	r, err := newReceiver(ctx, grpc, http, writer)
	if err != nil {
		return err
	}
	if err := r.Start(ctx, componenttest.NewNopHost()); err != nil {
		return fmt.Errorf("start the receiver: %w", err)
	}
	<-ctx.Done()
	return r.Shutdown(context.WithoutCancel(ctx))
}

func newReceiver(ctx context.Context, grpc, http string, next consumer.Traces) (receiver.Traces, error) {
	factory := otlpreceiver.NewFactory()
	config, ok := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	if !ok {
		return nil, errors.New("the receiver's configuration is of another type than expected")
	}
	config.Protocols.GRPC.GetOrInsertDefault().NetAddr.Endpoint = grpc
	config.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = http
	if err := config.Validate(); err != nil {
		return nil, err
	}
	settings := receiver.Settings{
		ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings(),
		BuildInfo: component.NewDefaultBuildInfo(),
	}
	return factory.CreateTraces(ctx, settings, config, next)
}
