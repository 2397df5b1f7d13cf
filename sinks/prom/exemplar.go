package prom

import (
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/logproc/logproc/rollup"
)

// exemplarOf gives an exemplar as it is exposed: the trace id as tracing systems write it, 32 hexadecimal digits
// or 16. That is far below OpenMetrics' limit of 128 characters. Prometheus takes no exemplar of the future.
func exemplarOf(e *rollup.Exemplar, now time.Time) *dto.Exemplar {
	id := fmt.Sprintf("%016x", e.TraceLo)
	if !e.Short {
		id = fmt.Sprintf("%016x%s", e.TraceHi, id)
	}
	at := time.Unix(0, e.Time)
	if at.After(now) {
		at = now
	}
	value := e.Value
	return &dto.Exemplar{Label: []*dto.LabelPair{pair("trace_id", id)}, Value: &value, Timestamp: timestamppb.New(at)}
}
