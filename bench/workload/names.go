package workload

// level is the severity of an event; the generator writes the four that most services use.
type level uint8

const (
	levelDebug level = iota
	levelInfo
	levelWarning
	levelError
	levelCount
)

func (l level) String() string { return [levelCount]string{"debug", "info", "warning", "error"}[l] }

var envNames = [...]string{"anna", "bob"} // read only

// key is a msg key of one service; its events have one of two levels.
type key struct {
	name    string
	service int
	levels  [2]level
}

// serviceNames gives n names without a hyphen, since MesosTaskID carries the service up to the first one.
func serviceNames(n int) []string {
	base := [...]string{"ctrl", "auth", "billing", "catalog", "checkout", "customer", "delivery", "fare", "gateway",
		"identity", "inventory", "invoice", "mailer", "orders", "payment", "pricing", "rating", "search", "session", "stock"}
	names := make([]string, n)
	for i := range names {
		names[i] = base[i%len(base)]
		if round := i / len(base); round > 0 {
			names[i] += string(appendWord(nil, round))
		}
	}
	return names
}

// keyNames gives n keys, dealt to the services in turn, of the form area-object-outcome.
func keyNames(n int, services []string) []key {
	areas := [...]string{"api", "redis", "sync", "kafka", "db", "http", "cache", "job", "sms", "queue"}
	objects := [...]string{"customer-info", "receiver", "token", "purchase", "session", "poke_worker", "event",
		"upload", "balance", "crm-record"}
	outcomes := [...]struct {
		name   string
		levels [2]level
	}{
		{"ok", [2]level{levelDebug, levelInfo}},
		{"stored", [2]level{levelDebug, levelInfo}},
		{"retry", [2]level{levelInfo, levelWarning}},
		{"http-response", [2]level{levelDebug, levelInfo}},
		{"fail-err_account_not_active", [2]level{levelWarning, levelError}},
		{"connected", [2]level{levelDebug, levelInfo}},
		{"error", [2]level{levelError, levelError}},
	}
	keys := make([]key, n)
	for i := range keys {
		outcome := outcomes[i%len(outcomes)]
		name := areas[i%len(areas)] + "-" + objects[i/len(areas)%len(objects)] + "-" + outcome.name
		if round := i / (len(areas) * len(objects)); round > 0 {
			name = string(appendWord(nil, round)) + "-" + name
		}
		keys[i] = key{name: name, service: i % len(services), levels: outcome.levels}
	}
	return keys
}
