package daily_test

import (
	"context"
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/sinks/mail"
	"github.com/logproc/logproc/sinks/mail/daily"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

// world is a store, a clock, a mailbox, and counts by day, service and env.
type world struct {
	t      *testing.T
	now    time.Time
	store  *memstore.Store
	counts map[string]uint64 // "2026-11-20 pay prod"
	sent   []string          // "time subject to"
	asked  int               // for reports
}

func newWorld(t *testing.T, now string) *world {
	w := &world{t: t, counts: map[string]uint64{}}
	w.at(now)
	w.store = memstore.New(func() time.Time { return w.now })
	return w
}

func (w *world) at(now string) {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.now = at
}

func (w *world) reports(_ context.Context, req rollup.Request) (list []rollup.Report, _ error) {
	w.asked++
	for k, n := range w.counts {
		f := strings.Fields(k)
		if f[0] != req.Day.String() {
			continue
		}
		zone := req.Zone
		if req.ZoneOf != nil {
			if z := req.ZoneOf(f[1]); z != nil {
				zone = z
			}
		}
		r := rollup.Report{Summary: rollup.Summary{Service: redact.Stored(f[1]), Env: redact.Stored(f[2]), Day: req.Day, Zone: zone.String(), Total: n, Events: n}}
		r.Lines = []rollup.Line{{Msg: redact.Const("order-fail"), Level: parse.LevelError, N: n}}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b rollup.Report) int {
		return strings.Compare(a.Service.String()+a.Env.String(), b.Service.String()+b.Env.String())
	})
	return list, nil
}

// Send is the mail server.
func (w *world) Send(_ context.Context, m outbox.Message, begin func([]string) error) ([]outbox.Refusal, error) {
	if err := begin(m.To); err != nil {
		return nil, err
	}
	read, err := netmail.ReadMessage(strings.NewReader(string(m.Body)))
	if err != nil {
		w.t.Error(err)
	}
	w.sent = append(w.sent, fmt.Sprintf("%s %s → %s", w.now.UTC().Format("02 15:04"), read.Header.Get("Subject"), strings.Join(m.To, ",")))
	return nil, nil
}

func (w *world) replica(name string, share float64, lists ...daily.List) *daily.Daily {
	clock := func() time.Time { return w.now }
	zero := func() float64 { return 0 }
	box := outbox.New(outbox.Options{Store: w.store, Senders: map[string]outbox.Sender{"mail": w}, Owner: name, Now: clock, Rand: zero})
	from := &netmail.Address{Address: "logproc@example.org"}
	return daily.New(daily.Options{
		Lists: lists, Reports: w.reports, Composers: map[string]daily.Composer{"mail": mail.Composer{Options: mail.Options{From: from}}},
		Outbox: box, Store: w.store, CorrectionShare: share, Now: clock, Rand: zero,
	})
}

// run ticks every ten minutes until a time.
func (w *world) run(until string, replicas ...*daily.Daily) {
	w.t.Helper()
	end, err := time.Parse(time.RFC3339, until)
	if err != nil {
		w.t.Fatal(err)
	}
	for ; !w.now.After(end); w.now = w.now.Add(10 * time.Minute) {
		for _, d := range replicas {
			if err := d.Tick(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	if !slices.Equal(w.sent, want) {
		w.t.Errorf("sent:\n%s\nwant:\n%s", strings.Join(w.sent, "\n"), strings.Join(want, "\n"))
	}
}

func list(t *testing.T, zone string, to string, services ...glob.Glob) daily.List {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return daily.List{Name: to, Channel: "mail", Services: services, To: []*netmail.Address{{Address: to + "@example.org"}}, Zone: z,
		At: 7*time.Hour + 30*time.Minute, Grace: time.Hour, MinEvents: 1}
}

func TestEveryListGetsItsServicesInItsMorning(t *testing.T) {
	w := newWorld(t, "2026-11-20T00:00:00Z")
	for _, day := range []string{"2026-11-19", "2026-11-20"} {
		w.counts[day+" pay prod"], w.counts[day+" pay test"], w.counts[day+" shop prod"], w.counts[day+" quiet prod"] = 10, 1, 20, 0
	}
	pay, shop, all := list(t, "Europe/Stockholm", "pay", "pay*"), list(t, "Asia/Kathmandu", "shop", "shop", "quiet"), list(t, "UTC", "platform", "*")
	pay.Envs, all.Digest = []glob.Glob{"prod"}, true
	w.run("2026-11-21T12:00:00Z", w.replica("a", 0, pay, shop, all), w.replica("b", 0, pay, shop, all), w.replica("c", 0, pay, shop, all))
	w.expect(
		"20 01:50 SHOP Daily Summary prod 20, 2026-11-19 → shop@example.org", // 07:35 in Kathmandu
		"20 06:30 PAY Daily Summary prod 10, 2026-11-19 → pay@example.org",
		"20 07:30 Daily Summary 2026-11-19: platform 31 → platform@example.org",
		"21 01:50 SHOP Daily Summary prod 20, 2026-11-20 → shop@example.org",
		"21 06:30 PAY Daily Summary prod 10, 2026-11-20 → pay@example.org",
		"21 07:30 Daily Summary 2026-11-20: platform 31 → platform@example.org",
	)
	if w.asked > 30 {
		t.Errorf("asked for reports %d times", w.asked)
	}
}

// Nights in which 02:30 does not exist, or twice.
func TestOneMailWhenClocksChange(t *testing.T) {
	for _, test := range []struct{ from, until, want string }{
		{"2026-03-28T12:00:00Z", "2026-03-30T00:00:00Z", "29 01:30 PAY Daily Summary prod 5, 2026-03-28 → pay@example.org"},
		{"2026-10-24T12:00:00Z", "2026-10-26T00:00:00Z", "25 01:30 PAY Daily Summary prod 5, 2026-10-24 → pay@example.org"},
	} {
		w := newWorld(t, test.from)
		w.counts["2026-03-28 pay prod"], w.counts["2026-10-24 pay prod"] = 5, 5
		pay := list(t, "Europe/Stockholm", "pay", "*")
		pay.At = 2*time.Hour + 30*time.Minute
		w.run(test.until, w.replica("a", 0, pay))
		w.expect(test.want)
	}
}

func TestTimeBeforeTheGracePeriodIsOverWaits(t *testing.T) {
	w := newWorld(t, "2026-11-20T12:00:00Z")
	w.counts["2026-11-20 pay prod"] = 5
	pay := list(t, "UTC", "pay", "*")
	pay.At, pay.Grace = 5*time.Minute, 2*time.Hour
	w.run("2026-11-21T12:00:00Z", w.replica("a", 0, pay))
	w.expect("21 02:00 PAY Daily Summary prod 5, 2026-11-20 → pay@example.org")
}

// A digest of services whose days end later waits for them.
func TestDayOfTheLastZoneIsOver(t *testing.T) {
	w := newWorld(t, "2026-11-20T12:00:00Z")
	w.counts["2026-11-20 pay prod"] = 5
	all := list(t, "UTC", "all", "*")
	honolulu, err := time.LoadLocation("Pacific/Honolulu")
	if err != nil {
		t.Fatal(err)
	}
	all.ZoneOf = func(string) *time.Location { return honolulu }
	w.run("2026-11-21T20:00:00Z", w.replica("a", 0, all))
	w.expect("21 11:00 PAY Daily Summary prod 5, 2026-11-20 → all@example.org")
}

// Who was off at the time sends later; who is new gets no mails of the past.
func TestCatchUp(t *testing.T) {
	w := newWorld(t, "2026-11-10T08:00:00Z")
	for day := 1; day <= 30; day++ {
		w.counts[fmt.Sprintf("2026-11-%02d pay prod", day)] = 5
	}
	pay := list(t, "UTC", "pay", "*")
	d := w.replica("a", 0, pay)
	w.run("2026-11-10T08:00:00Z", d)
	w.at("2026-11-14T10:00:00Z")
	w.run("2026-11-14T10:00:00Z", d)
	w.expect(
		"10 08:00 PAY Daily Summary prod 5, 2026-11-09 → pay@example.org",
		"14 10:00 PAY Daily Summary prod 5, 2026-11-11 → pay@example.org",
		"14 10:00 PAY Daily Summary prod 5, 2026-11-12 → pay@example.org",
		"14 10:00 PAY Daily Summary prod 5, 2026-11-13 → pay@example.org",
	)
}

func TestCorrectionOnlyOfLargeChangesAndOnce(t *testing.T) {
	for late, corrected := range map[uint64]bool{0: false, 5: false, 6: true, 500: true} {
		w := newWorld(t, "2026-11-21T07:30:00Z")
		w.counts["2026-11-20 pay prod"] = 100
		d := w.replica("a", 0.05, list(t, "UTC", "pay", "*"))
		w.run("2026-11-21T07:30:00Z", d)
		w.counts["2026-11-20 pay prod"] += late
		w.run("2026-11-22T12:00:00Z", d)
		w.counts["2026-11-20 pay prod"] += late
		w.run("2026-11-25T12:00:00Z", d)
		want := []string{"21 07:30 PAY Daily Summary prod 100, 2026-11-20 → pay@example.org"}
		if corrected {
			want = append(want, fmt.Sprintf("22 07:30 Correction: PAY Daily Summary prod %d, 2026-11-20 → pay@example.org", 100+late))
		}
		w.expect(want...)
	}
}

// A quiet day is none of which nobody knows.
func TestNothingToReport(t *testing.T) {
	w := newWorld(t, "2026-11-21T07:30:00Z")
	w.counts["2026-11-20 pay prod"] = 4
	few, always := list(t, "UTC", "few", "*"), list(t, "UTC", "always", "nothing")
	few.MinEvents, always.MinEvents, always.Digest = 5, 0, true
	w.run("2026-11-21T12:00:00Z", w.replica("a", 0, few, always))
	w.expect("21 07:30 Daily Summary 2026-11-20: always 0 → always@example.org")
}

func TestSendDayOnDemandSendsOnce(t *testing.T) {
	w := newWorld(t, "2026-11-21T05:00:00Z")
	w.counts["2026-11-18 pay prod"] = 4
	d := w.replica("a", 0, list(t, "UTC", "pay", "*"))
	for range 2 {
		entries, err := d.SendDay(t.Context(), rollup.Date{Year: 2026, Month: time.November, Day: 18})
		if err != nil || len(entries) != 1 || entries[0].State != outbox.Sent {
			t.Errorf("%+v, %v", entries, err)
		}
	}
	w.run("2026-11-21T12:00:00Z", d)
	w.expect("21 05:00 PAY Daily Summary prod 4, 2026-11-18 → pay@example.org")
}

// Two lists that are the same people get one mail.
func TestSameRecipientsGetOneMail(t *testing.T) {
	w := newWorld(t, "2026-11-21T07:30:00Z")
	w.counts["2026-11-20 pay prod"] = 4
	a, b := list(t, "UTC", "pay", "*"), list(t, "UTC", "pay", "pay")
	b.Name, b.To[0].Address = "other", "Pay@example.org"
	w.run("2026-11-21T08:00:00Z", w.replica("a", 0, a, b))
	w.expect("21 07:30 PAY Daily Summary prod 4, 2026-11-20 → pay@example.org")
}
