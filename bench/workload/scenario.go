package workload

import (
	"time"
)

// Scenario is the traffic of ten services of a shop, request by request: each request runs through
// several services under one RequestID and one trace id. Once in every CycleLength something goes
// wrong, see IncidentAt. It is not safe for concurrent use.
type Scenario struct {
	random random
	start  time.Time
	clock  stamp
	open   [64]request
}

type request struct {
	flow  []step // what is still to come
	id    uint64
	stage bool // of the staging environment
	fails bool // its charge was refused, so its end is a failure
}

// step is one log record of a flow.
type step struct {
	service int
	msg     string
	millis  int // the usual duration
}

// The services of the scenario, by the index that steps use.
const (
	gateway = iota
	auth
	search
	catalog
	cart
	orders
	payment
	bank
	shipping
	mailer
)

// ScenarioServices gives the names of the ten services.
func ScenarioServices() []string { return append([]string(nil), scenarioServices[:]...) }

var scenarioServices = [...]string{"gateway", "auth", "search", "catalog", "cart", "orders", "payment", "bank",
	"shipping", "mailer"} // read only

// NewScenario gives a scenario whose incidents are timed from start.
func NewScenario(seed uint64, start time.Time) *Scenario {
	s := &Scenario{random: random{state: mix(seed)}, start: start}
	for i := range s.open {
		s.begin(&s.open[i])
		// Not all at their first step, or the first second would be nothing but logins.
		r := &s.open[i]
		r.flow = r.flow[s.random.below(len(r.flow)):]
	}
	return s
}

func (s *Scenario) begin(r *request) {
	flows := [...][]step{browse, browse, browse, buy, buy, deliver}
	*r = request{
		flow:  flows[s.random.below(len(flows))],
		id:    s.random.next(),
		stage: s.random.below(20) == 0,
	}
}

var ( // read only
	browse = []step{
		{gateway, "api-browse-begin", 1},
		{auth, "auth-token-ok", 3},
		{search, "search-query-ok", 25},
		{catalog, "catalog-list-ok", 12},
		{gateway, "api-browse-ok", 55},
	}
	buy = []step{
		{gateway, "api-purchase-begin", 1},
		{auth, "auth-token-ok", 3},
		{cart, "cart-checkout-ok", 9},
		{orders, "orders-create-ok", 15},
		{payment, "payment-charge-begin", 1},
		{bank, "bank-authorise-ok", 80},
		{payment, "payment-charge-ok", 95},
		{mailer, "mailer-receipt-sent", 20},
		{gateway, "api-purchase-ok", 160},
	}
	deliver = []step{
		{orders, "orders-release-ok", 8},
		{shipping, "shipping-label-printed", 30},
		{shipping, "shipping-parcel-sent", 6},
		{mailer, "mailer-notice-sent", 18},
	}
)

// Append writes the next record, of event time now, to dst, without a line feed. The key is the
// RequestID, so that Kafka keeps a request's records in order; it borrows from line.
func (s *Scenario) Append(dst []byte, now time.Time) (line, key []byte) {
	r := &s.open[s.random.below(len(s.open))]
	e := s.next(r, IncidentAt(now.Sub(s.start)), now.Sub(s.start))
	line = s.appendRecord(dst, now.UnixNano(), &e)
	at := len(dst) + e.keyAt
	key = line[at : at+requestIDLength]
	if len(r.flow) == 0 {
		s.begin(r)
	}
	return line, key
}

// record is what a scenario's line says.
type record struct {
	step
	*request
	level  level
	status int
	millis float64
	email  bool // the msg ends in an e-mail address
	keyAt  int  // where the RequestID is in the line, set on writing
}

// next takes the next step of r and lets the incident have its way with it.
func (s *Scenario) next(r *request, incident Incident, elapsed time.Duration) record {
	e := record{step: r.flow[0], request: r, level: levelInfo, status: 200}
	r.flow = r.flow[1:]
	e.millis = float64(e.step.millis) * (0.5 + float64(s.random.below(1000))/1000)
	if s.random.below(4) == 0 {
		e.level = levelDebug
	}
	switch {
	case e.service == bank && incident.SlowDependency:
		e.millis *= 1 + 4*(elapsed%CycleLength-slowFrom).Seconds()
	case e.msg == "payment-charge-ok" && incident.ErrorBurst && s.random.below(10) < 7:
		r.fails = true
		e.msg, e.level, e.status = "payment-charge-fail-err_bank_timeout", levelError, 504
	case r.fails && e.service == mailer && incident.LeakedEmail:
		e.msg, e.level, e.email = "No receipt sent to ", levelWarning, true
	case r.fails && e.service == gateway:
		e.msg, e.level, e.status = "api-purchase-fail", levelError, 502
	case e.service == auth && incident.BadKey && s.random.below(8) == 0:
		e.msg, e.level, e.status = "Login Failed For User", levelWarning, 401
	case s.random.below(400) == 0: // nothing is ever perfect
		e.level, e.msg = levelWarning, scenarioServices[e.service]+"-upstream-retry"
	}
	return e
}
