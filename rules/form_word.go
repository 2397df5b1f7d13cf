package rules

import (
	"unicode"
	"unicode/utf8"
)

const (
	maxWord   = 32 // bytes; a longer run of letters is no word
	heldWords = 2  // withheld after a word such as "user": first name and surname
)

// role is what a word says about the words after it.
type role uint8

const (
	roleOther     role = iota
	roleLinking        // "is", "of": says nothing
	roleCommon         // a word of logs: shown even where a name is expected
	roleSensitive      // "user", "Mr": a name, an address or a secret may follow
)

// roleOf looks a word up in lower case; words that are not plain ASCII are in no list.
func roleOf(w []byte) role {
	var buffer [maxWord]byte
	lower := buffer[:0]
	for _, c := range w {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower = append(lower, c)
	}
	switch {
	case isSensitive(lower):
		return roleSensitive
	case isLinking(lower):
		return roleLinking
	case isCommon(lower):
		return roleCommon
	}
	return roleOther
}

func isCapital(w []byte) bool {
	r, _ := utf8.DecodeRune(w)
	return unicode.IsUpper(r) || unicode.IsTitle(r)
}

// technical reports whether a word in camel case ends in a common one, as names of classes do:
// NullPointerException, OrderService.
func technical(w []byte) bool {
	for i := len(w) - 1; i > 0; i-- {
		if kinds[w[i]]&kindUpper != 0 {
			return kinds[w[i-1]]&kindLetter != 0 && roleOf(w[i:]) == roleCommon
		}
	}
	return false
}

// maxCapitals is the longest run of capitals that may be a word; access keys are longer.
const maxCapitals = 15

// jumbled reports whether a word is a random token: it changes between upper and lower case more often
// than camel case does, or has many capitals in a row.
func jumbled(w []byte) bool {
	changes, capitals := 0, 0
	for i := range w {
		if kinds[w[i]]&kindUpper == 0 {
			capitals = 0
			continue
		}
		if capitals++; capitals > maxCapitals {
			return true
		}
		if i > 0 && kinds[w[i-1]]&kindLetter != 0 {
			changes++
		}
	}
	return len(w) >= minFormHex && changes > len(w)/4
}

func isSensitive(lower []byte) bool {
	switch string(lower) {
	case "user", "users", "usr", "username", "usernames", "uid", "login", "nick", "nickname", "alias",
		"name", "names", "firstname", "lastname", "surname", "fullname", "givenname", "familyname",
		"customer", "customers", "cust", "subscriber", "subscribers", "member", "members", "patient", "patients",
		"employee", "employees", "owner", "owners", "holder", "cardholder", "person", "persons", "people",
		"contact", "contacts", "recipient", "recipients", "sender", "author", "guest", "guests", "driver",
		"student", "students", "applicant", "beneficiary", "payer", "payee", "tenant", "visitor", "player",
		"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "dear", "hello", "hi", "hey", "hej", "herr", "fru", "frau", "mme",
		"by", "email", "emails", "mail", "phone", "mobile", "tel", "msisdn", "address", "street", "city", "born", "birth",
		"password", "passwd", "pwd", "passphrase", "passcode", "secret", "apikey", "pin", "otp", "ssn", "iban", "passport",
		"bearer", "basic", "authorization", "cookie", "credential", "credentials", "account", "accounts", "profile", "identity":
		return true
	}
	return false
}

func isLinking(lower []byte) bool {
	switch string(lower) {
	case "is", "was", "be", "of", "the", "a", "an", "id", "ids", "named", "called", "with", "for", "to", "from", "and", "or", "at",
		"as", "has", "his", "her", "their", "this", "that":
		return true
	}
	return false
}

// isCommon lists the words that logs are made of.
func isCommon(lower []byte) bool {
	switch string(lower) {
	case "abort", "aborted", "accept", "accepted", "access", "ack", "action", "active", "added", "after", "again", "agent", "alert", "all",
		"allowed", "already", "api", "app", "application", "are", "argument", "async", "attempt", "attempts", "auth", "authenticated",
		"authentication", "authorized", "available", "bad", "batch", "because", "been", "before", "begin", "being", "bind", "blocked",
		"body", "broker", "buffer", "build", "but", "cache", "call", "callback", "calling", "cancel", "canceled", "cancelled", "can't", "cannot",
		"certificate", "change", "changed", "check", "client", "close", "closed", "cluster", "code", "command", "commit", "complete",
		"completed", "config", "configuration", "connect", "connected", "connecting", "connection", "consumer", "container", "content",
		"context", "controller", "could", "crash", "crashed", "create", "created", "creating", "credit", "data", "database", "deadline",
		"debug", "decode", "default", "delete", "deleted", "denied", "deprecated", "dependency", "did", "disabled", "disconnected", "dns",
		"does", "don't", "done", "down", "downstream", "drop", "dropped", "duplicate", "duration", "empty", "enabled", "encode", "end", "endpoint",
		"entry", "env", "error", "errors", "event", "events", "exceeded", "exception", "exec", "execution", "exist", "exists", "exit",
		"expected", "expired", "fail", "failed", "failing", "failure", "fatal", "fetch", "field", "file", "files", "finished", "forbidden",
		"format", "found", "gateway", "get", "given", "got", "grpc", "handle", "handler", "handling", "handshake", "have", "header", "health",
		"healthy", "host", "http", "https", "if", "ignored", "in", "inactive", "incoming", "incompatible", "info", "init", "input",
		"instance", "integration", "interface", "internal", "into", "invalid", "io", "ip", "item", "items", "job", "json", "kafka", "key", "keys",
		"last", "leader", "length", "level", "limit", "line", "link", "listener", "load", "loaded", "lock", "locked", "log", "logged", "logger",
		"logging", "logout", "logs", "lost", "manager", "max", "memory", "message", "messages", "metadata", "method", "metric", "metrics", "middleware",
		"missing", "module", "must", "network", "new", "no", "node", "none", "not", "null", "number", "object", "off", "offset", "ok", "old",
		"on", "open", "opened", "operation", "order", "orders", "out", "output", "packet", "page", "panic", "parse", "parser", "partition",
		"passed", "path", "payload", "payment", "peer", "pending", "permission", "ping", "pool", "port", "post", "process", "processed",
		"processing", "processor", "producer", "product", "provider", "proxy", "publish", "published", "purchase", "put", "query", "queue",
		"rate", "read", "reader", "reading", "ready", "reason", "received", "receiver", "reconnect", "record", "records", "recovered", "redirect",
		"redis", "refresh", "refused", "registered", "reject", "rejected", "release", "remote", "removed", "replica", "report", "repository", "request",
		"requests", "required", "reset", "resolve", "resource", "response", "restart", "result", "retried", "retries", "retry", "retrying", "returned",
		"route", "router", "row", "rows", "rule", "run", "running", "runtime", "save", "saved", "schedule", "scheduled", "scheduler", "schema",
		"send", "sending", "sent", "server", "service", "services", "session", "set", "shard", "shutdown", "signal", "signed", "size", "skip", "skipped",
		"slow", "sms", "smtp", "smpp", "socket", "source", "spawned", "sql", "ssl", "stale", "start", "started", "starting", "startup", "state", "status",
		"stop", "stopped", "storage", "store", "stored", "stream", "stuck", "subscription", "succeeded", "success", "successfully", "sync", "synced",
		"syntax", "system", "table", "target", "task", "tcp", "temporary", "test", "then", "thread", "throttled", "time", "timed", "timeout",
		"tls", "token", "too", "topic", "trace", "transaction", "transfer", "tried", "trying", "type", "unable", "unauthorized", "unavailable",
		"unexpected", "unhealthy", "unknown", "unreachable", "unreg", "unsupported", "until", "up", "update", "updated", "upload", "uploaded",
		"upstream", "uri", "url", "usage", "utf", "valid", "validation", "value", "values", "version", "volume", "wait", "waiting", "warn", "warning",
		"when", "while", "will", "within", "without", "worker", "write", "writer", "writing", "written", "wrong", "xml", "yaml":
		return true
	}
	return false
}
