package parse

// field is what a key of a JSON object can stand for.
type field uint8

const (
	fieldLevel field = iota
	fieldTime
	fieldKey
	fieldRequestID
	fieldTraceID
	fieldDuration
	fieldStatus
	fieldService
	fieldEnv
	fieldCarrier // where an envelope keeps the inner record
	fieldMark    // what tells one envelope or logger from another
	fieldCount
)

// canonical are the names of the fields in Options.Aliases.
var canonical = map[string]field{
	"level": fieldLevel, "time": fieldTime, "key": fieldKey, "request_id": fieldRequestID,
	"trace_id": fieldTraceID, "duration": fieldDuration, "status": fieldStatus,
	"service": fieldService, "env": fieldEnv,
}

// kind says how the value under a name is to be read.
type kind uint8

const (
	kindPlain       kind = iota // the value itself
	kindNested                  // an object that holds the value at candidate.rest
	kindSeverity                // OTLP's severityNumber, 1 to 24
	kindNonZeroTime             // OTLP's times, where 0 means none
	kindMesos                   // a Mesos task id, up to the first '-' or '.'
	kindProcess                 // the name of a process, valid beside its pid and hostname (bunyan, pino)
	kindContainer               // a container's name, with or without a leading '/'
	kindMetadata                // an object in which a shipper describes the container
)

// alias is one name of a field.
type alias struct {
	name string
	kind kind
}

func plain(names ...string) []alias {
	list := make([]alias, len(names))
	for i, n := range names {
		list[i].name = n
	}
	return list
}

// builtin gives the names of each field; the first that holds a usable value wins. The documented names
// come first, then those of single loggers and shippers.
func builtin() [fieldCount][]alias {
	return [fieldCount][]alias{
		fieldLevel: append(plain("lvl", "level", "severity", "log.level",
			"@l", "Level", "levelname", "loglevel", "log_level", "severityText", "severity_text", "SeverityText"),
			alias{"severityNumber", kindSeverity}, alias{"severity_number", kindSeverity}, alias{"SeverityNumber", kindSeverity},
			alias{name: "syslogseverity-text"}, alias{name: "syslogseverity"}, alias{name: "PRIORITY"}),
		fieldTime: append(plain("t", "time", "ts", "timestamp", "@timestamp",
			"@t", "Timestamp", "instant", "timeMillis", "datetime", "asctime", "date"),
			alias{"timeUnixNano", kindNonZeroTime}, alias{"observedTimeUnixNano", kindNonZeroTime},
			alias{name: "timereported"}, alias{name: "timegenerated"}, alias{name: "__REALTIME_TIMESTAMP"}),
		fieldKey: plain("msg", "message", "event",
			"@mt", "@m", "MessageTemplate", "RenderedMessage", "short_message", "event.name", "eventName", "MESSAGE"),
		fieldRequestID: plain("RequestID", "request_id", "requestId", "x-request-id", "RequestId", "http.request.id",
			"Properties.RequestId", "Properties.RequestID", "contextMap.RequestID", "contextMap.requestId", "contextMap.request_id",
			"mdc.RequestID", "mdc.requestId", "mdc.request_id"),
		fieldTraceID: plain("trace_id", "traceId", "TraceID", "TraceId", "trace.id", "dd.trace_id", "traceparent",
			"@tr", "Properties.TraceId", "contextMap.traceId", "contextMap.trace_id", "mdc.traceId", "mdc.trace_id"),
		fieldDuration: plain("duration", "duration_ms", "durationMs", "duration_millis", "durationMillis",
			"duration_us", "durationUs", "duration_micros", "duration_ns", "durationNs", "duration_nanos", "durationNanos",
			"duration_s", "durationS", "duration_sec", "durationSec", "duration_seconds", "durationSeconds",
			"event.duration", "responseTime", "elapsed_ms", "elapsedMs", "Elapsed"),
		fieldStatus: plain("status", "status_code", "statusCode", "http.response.status_code", "http.status_code",
			"res.statusCode", "StatusCode"),
		fieldService: append(plain("service", "app", "application", "service.name"),
			alias{"MesosTaskID", kindMesos}, alias{name: "dd.service"}, alias{name: "Application"},
			alias{name: "Properties.Application"}, alias{name: "Properties.Service"}, alias{name: "Properties.service"},
			alias{name: "contextMap.service"}, alias{name: "contextMap.app"}, alias{name: "contextMap.application"},
			alias{name: "mdc.service"}, alias{name: "mdc.app"}, alias{"name", kindProcess},
			alias{"kubernetes", kindMetadata}, alias{"attrs", kindMetadata}, alias{"label", kindMetadata},
			alias{"docker", kindMetadata}, alias{"container", kindMetadata}, alias{"container_name", kindContainer},
			alias{"container.name", kindContainer}, alias{name: "k8s.container.name"},
			alias{name: "app-name"}, alias{name: "appname"}, alias{name: "programname"}, alias{name: "program"},
			alias{"CONTAINER_NAME", kindContainer}, alias{name: "SYSLOG_IDENTIFIER"}),
		fieldEnv: append(plain("env", "environment", "deployment.environment", "deployment.environment.name",
			"service.environment", "dd.env", "Environment", "EnvironmentName",
			"Properties.Environment", "Properties.EnvironmentName", "Properties.env", "contextMap.env", "contextMap.environment",
			"mdc.env", "mdc.environment"),
			alias{"kubernetes", kindMetadata}, alias{"attrs", kindMetadata}, alias{"label", kindMetadata},
			alias{"docker", kindMetadata}, alias{"container", kindMetadata}),
		fieldCarrier: plain(carrierNames[:]...),
		fieldMark:    plain(markNames[:]...),
	}
}

// The carriers, in the order in which they are tried. Of those that are keys too (msg, message,
// MESSAGE) only the object form stands here: as a string they are found as the key.
const (
	carrierResourceLogs = iota
	carrierLogProcessed
	carrierJSON
	carrierMessage
	carrierLog
	carrierPayload
	carrierLine
	carrierBody
	carrierData        // logspout-kafka's templates
	carrierEntry       // Promtail's pack stage
	carrierUnderEntry  // the same, as older ones name it
	carrierJSONPayload // Google Cloud's logging
	carrierFullMessage // GELF
	carrierCount
)

var carrierNames = [carrierCount]string{"resourceLogs", "log_processed", "json", "message", "log", "payload", "line", "body",
	"data", "entry", "_entry", "jsonPayload", "full_message"}

// The marks of loggers and envelopes.
const (
	markTopic = iota // kcat
	markPartition
	markOffset
	markStream // Docker, CRI as parsed by Fluent Bit
	markLogtag
	markAgent    // Filebeat
	markHostname // bunyan, pino
	markPid
	markCompactTime // Serilog's compact form
	markCompactTemplate
	markCompactMessage
	markCount
)

var markNames = [markCount]string{"topic", "partition", "offset", "stream", "logtag", "agent",
	"hostname", "pid", "@t", "@mt", "@m"}
