package detect_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact/detect"
)

// around are surroundings that a number may have; %s is its place.
var around = []string{"%s", "x %s y", "a=%s;b", "(%s)", "\"%s\"", "'%s',", "[%s]", "<%s>", "/u/%s/v", "end: %s.", "\n%s\n", "\t%s\t", "%s,next", "é %s é", "\xff%s\xff"}

// made are generators of numbers from the published rules: valid ones, and ones with a wrong check digit.
var made = []struct {
	kind  detect.Kind
	hint  detect.Kinds
	valid func(*rand.Rand) string
	wrong func(*rand.Rand) string
}{
	{detect.Card, 0, func(r *rand.Rand) string { return spaced(r, madeCard(r, 0)) }, func(r *rand.Rand) string { return madeCard(r, 1+r.IntN(9)) }},
	{detect.IBAN, 0, func(r *rand.Rand) string { return madeIBAN(r, 0) }, func(r *rand.Rand) string { return madeIBAN(r, 1+r.IntN(95)) }},
	{detect.Personnummer, 0, func(r *rand.Rand) string { return madePersonnummer(r, 0, true) }, func(r *rand.Rand) string { return madePersonnummer(r, 1+r.IntN(9), true) }},
	{detect.Personnummer, detect.Of(detect.Personnummer), func(r *rand.Rand) string { return madePersonnummer(r, 0, false) }, func(r *rand.Rand) string { return madePersonnummer(r, 1+r.IntN(9), false) }},
	{detect.Fodselsnummer, detect.Of(detect.Fodselsnummer), func(r *rand.Rand) string { return madeFodselsnummer(r, 0) }, func(r *rand.Rand) string { return madeFodselsnummer(r, 1+r.IntN(9)) }},
	{detect.IMEI, detect.Of(detect.IMEI), func(r *rand.Rand) string { return madeLuhn(fmt.Sprintf("35%012d", r.IntN(1e12)), 0) }, func(r *rand.Rand) string { return madeLuhn(fmt.Sprintf("35%012d", r.IntN(1e12)), 1+r.IntN(9)) }},
	{detect.SSN, 0, func(r *rand.Rand) string {
		return fmt.Sprintf("%03d-%02d-%04d", 880+r.IntN(20), 1+r.IntN(99), 1+r.IntN(9999))
	}, func(r *rand.Rand) string { return fmt.Sprintf("%03d-00-%04d", 900+r.IntN(100), r.IntN(9999)) }},
	{detect.NINO, 0, func(r *rand.Rand) string {
		return fmt.Sprintf("%s%06d%c", pick(r, "AA", "SN", "tg", "WG", "RR"), r.IntN(1e6), 'A'+rune(r.IntN(4)))
	}, func(r *rand.Rand) string {
		return fmt.Sprintf("%s%06dA", pick(r, "BG", "ZZ", "DA", "AO", "QQ", "NK"), r.IntN(1e6))
	}},
	{detect.IP, 0, func(r *rand.Rand) string {
		return fmt.Sprintf("%s.%d", pick(r, "192.0.2", "198.51.100", "203.0.113", "10.0.0"), r.IntN(256))
	}, func(r *rand.Rand) string {
		return fmt.Sprintf("%s.%d", pick(r, "127.0.0", "300.1.2", "1.2.3.4"), r.IntN(256))
	}},
	{detect.IP, 0, madeIPv6, func(r *rand.Rand) string { return fmt.Sprintf("%02d:%02d:%02d", r.IntN(24), r.IntN(60), r.IntN(60)) }},
	{detect.MAC, 0, func(r *rand.Rand) string {
		return fmt.Sprintf(pick(r, "00:00:5e:00:53:%02x", "00-00-5E-00-53-%02X", "0000.5e00.53%02x"), r.IntN(256))
	}, func(r *rand.Rand) string {
		return fmt.Sprintf(pick(r, "00:00:5e:00:53:%02x:01", "00-00-5E-00-%02X", "0000.5e00.53%02x.0000"), r.IntN(256))
	}},
	{detect.Phone, 0, func(r *rand.Rand) string {
		return pick(r, "+46 70 174 06 ", "+46-70-174-06-", "+467017406", "+44 20 7946 09", "+1 202 555 01", "+4930231250", "+336399815") + fmt.Sprintf("%02d", r.IntN(100))
	}, func(r *rand.Rand) string {
		return pick(r, "+999701740", "+0701740", "+2101740123", "+1555") + fmt.Sprintf("%02d", r.IntN(100))
	}},
	{detect.Email, 0, func(r *rand.Rand) string {
		return madeWord(r) + pick(r, ".", "_", "+", "-") + madeWord(r) + "@" + pick(r, "example.org", "mail.example.com", "post.test", "kund.example")
	}, func(r *rand.Rand) string { return madeWord(r) + "@" + pick(r, "localhost", "2x.png", "v0.1.2", "host") }},
}

func TestMadeNumbersAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2026))
	s := detect.NewScanner(detect.Options{})
	for _, m := range made {
		for range 2000 {
			valid := m.valid(r)
			text := strings.Replace(pick(r, around...), "%s", valid, 1)
			found := false
			for _, sp := range s.Find([]byte(text), topic, m.hint, true) {
				found = found || sp.Kind == m.kind && strings.Contains(text[sp.Start:sp.End], valid)
			}
			if !found {
				t.Fatalf("%v: not found in %q: %v", m.kind, text, s.Find([]byte(text), topic, m.hint, true))
			}
			wrong := m.wrong(r)
			text = strings.Replace(pick(r, around...), "%s", wrong, 1)
			for _, sp := range s.Find([]byte(text), detect.Of(m.kind), m.hint, true) {
				t.Fatalf("%v: found in %q: %q", m.kind, text, text[sp.Start:sp.End])
			}
		}
	}
}

// TestKeptAmongNumbers feeds the numbers of logs that are nobody's: none may be taken.
func TestKeptAmongNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2026))
	s := detect.NewScanner(detect.Options{})
	for range 20000 {
		text := "x " + pick(r,
			fmt.Sprint(1500000000000+r.Int64N(3e11)), fmt.Sprint(1500000000000000+r.Int64N(3e14)), fmt.Sprint(1500000000000000000+r.Int64N(3e17)),
			fmt.Sprint(r.IntN(1e9)), fmt.Sprintf("%.6f", r.Float64()*1000), fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48)),
			fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()), fmt.Sprintf("00-%016x%016x-%016x-01", r.Uint64(), r.Uint64(), r.Uint64()),
			fmt.Sprintf("2019-09-%02dT%02d:%02d:%02d.%dZ", 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1e9))) + " y"
		if spans := s.FindAll([]byte(text), topic, 0, true); len(spans) > 0 {
			// A trace of digits only may hold a group that is a card number; it has to be that, nothing else.
			t.Fatalf("%q: %v", text, spans)
		}
	}
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func madeWord(r *rand.Rand) string {
	b := make([]byte, 3+r.IntN(8))
	for i := range b {
		b[i] = 'a' + byte(r.IntN(26))
	}
	return string(b)
}

func madeCard(r *rand.Rand, off int) string {
	prefix, n := "4111", 16
	switch r.IntN(7) {
	case 0:
		prefix = "2223"
	case 1:
		prefix, n = "3782", 15
	case 2:
		prefix, n = "3056", 14
	case 3:
		prefix, n = "6200", 16+r.IntN(4)
	case 4:
		prefix = "5105"
	case 5:
		prefix = "6011"
	}
	for len(prefix) < n-1 {
		prefix += string('0' + rune(r.IntN(10)))
	}
	return madeLuhn(prefix, off)
}

// madeLuhn appends the check digit, wrong by off.
func madeLuhn(d string, off int) string {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return d + string('0'+rune((10-sum%10+off)%10))
}

// spaced groups sixteen digits as cards do, sometimes.
func spaced(r *rand.Rand, d string) string {
	sep := pick(r, "", " ", "-")
	if len(d) != 16 {
		return d
	}
	return d[:4] + sep + d[4:8] + sep + d[8:12] + sep + d[12:]
}

func madeIBAN(r *rand.Rand, off int) string {
	country := pick(r, "DE22", "GB22", "SE24", "NO15", "FR27", "MT31", "BE16", "PL28")
	n := int(country[2]-'0')*10 + int(country[3]-'0')
	bban := ""
	for len(bban) < n-4 {
		if country[:2] == "GB" && len(bban) < 4 || country[:2] == "MT" && len(bban) < 4 {
			bban += string('A' + rune(r.IntN(26)))
			continue
		}
		bban += string('0' + rune(r.IntN(10)))
	}
	rem := 0
	for _, c := range bban + country[:2] + "00" {
		if c >= 'A' {
			rem = (rem*100 + int(c-'A') + 10) % 97
		} else {
			rem = (rem*10 + int(c-'0')) % 97
		}
	}
	check := (98 - rem + off) % 97
	if check < 2 {
		check += 97
	}
	iban := country[:2] + fmt.Sprintf("%02d", check) + bban
	switch r.IntN(4) {
	case 0:
		return strings.ToLower(iban)
	case 1:
		out := ""
		sep := pick(r, " ", "-")
		for i, c := range iban {
			if i > 0 && i%4 == 0 {
				out += sep
			}
			out += string(c)
		}
		return out
	}
	return iban
}

func madePersonnummer(r *rand.Rand, off int, dashed bool) string {
	day := 1 + r.IntN(28)
	if r.IntN(4) == 0 {
		day += 60
	}
	date := fmt.Sprintf("%02d%02d%02d", r.IntN(100), 1+r.IntN(12), day)
	birth := fmt.Sprintf("%03d", 980+r.IntN(20))
	full := madeLuhn(date+birth, off)
	dash := ""
	if dashed {
		dash = pick(r, "-", "+")
	}
	return pick(r, "", "19") + date + dash + full[6:]
}

// madeFodselsnummer draws until both check digits exist, as the authority does.
func madeFodselsnummer(r *rand.Rand, off int) string {
	for {
		day, month := 1+r.IntN(28)+40*r.IntN(2), 1+r.IntN(12)+[]int{0, 40, 65, 80}[r.IntN(4)]
		d := fmt.Sprintf("%02d%02d%02d%03d", day, month, r.IntN(100), r.IntN(1000))
		k1 := mod11(d, 3, 7, 6, 1, 8, 9, 4, 5, 2)
		k2 := mod11(d+fmt.Sprint(k1), 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
		if k1 < 10 && k2 < 10 {
			return d + fmt.Sprint(k1) + fmt.Sprint((k2+off)%10)
		}
	}
}

func mod11(d string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += w * int(d[i]-'0')
	}
	return (11 - sum%11) % 11
}

func madeIPv6(r *rand.Rand) string {
	g := func() string { return fmt.Sprintf("%x", r.IntN(1<<16)) }
	switch r.IntN(4) {
	case 0:
		return "2001:db8:" + g() + "::" + g()
	case 1:
		return "2001:db8:" + g() + ":" + g() + ":" + g() + ":" + g() + ":" + g() + ":" + g()
	case 2:
		return fmt.Sprintf("::ffff:192.0.2.%d", r.IntN(256))
	}
	return "FE80::" + strings.ToUpper(g()) + ":" + g()
}

// TestMixturesAreStable joins findings, markers, words and separators at random: what is left after one
// redaction must be left after the next.
func TestMixturesAreStable(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2026))
	s := detect.NewScanner(detect.Options{})
	parts := []string{"phone", "sms", "nummer", "caller", "id", "number", "order", "version", "lat", "lon", "geo", "password", "token", "bearer ", "Basic ", "otp", "code", "cookie", "key", "?", "&", "=", ":", ": ", " ", " ", ",", ", ", ";", "/", "-", ".", "+", "(", ")", "\"", "'", "<", ">", "\n", "@", "%", "%40", "%2B", "\\u0040", "&#64;",
		"0701740655", "+46701740638", "46701740638", "070-174 06 55", "203.0.113.65", "4111111111111111", "4111 1111", "950308-9949", "887-59-6077", "DE89370400440532013000", "SN627926D", "2001:db8::a881", "00:00:5e:00:53:37", "a.b@example.org", "59.3293", "18.0686", "482913", "1", "12", "2019-09-24", "abc", "é", "\u200b", "＠",
		"<email>", "<phone>", "acc_k3_d9669dd1290d913e", "AKIATAYNKEDBCEXAMPLE", "https://", "u:p", "eyJhbGciOiJIUzI1NiJ9", "b2tvbmt3by5kZXNtb25kNTlAa3VuZC5leGFtcGxl", "--password "}
	for range 50000 {
		var text string
		for range 2 + r.IntN(9) {
			text += pick(r, parts...)
		}
		check(t, s, []byte(text), r.IntN(4) > 0)
		if t.Failed() {
			return
		}
	}
}
