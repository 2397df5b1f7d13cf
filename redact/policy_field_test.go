package redact

import (
	"strings"
	"testing"

	"github.com/logproc/logproc/redact/detect"
)

// verdict puts what applies to a field into a word: the operator, the hints, or kept, scanned.
func verdict(p *Policy, f Field) string {
	switch {
	case f.Act != nil && f.Leaves:
		return "unknown " + f.Act.Op.String()
	case f.Act != nil:
		return p.RuleName(f.Act.Rule) + " " + f.Act.Op.String()
	case f.Keep && !f.Weak:
		return "keep"
	case f.Hint != 0:
		var hints []string
		for k := range detect.Custom {
			if f.Hint.Has(k) {
				hints = append(hints, k.String())
			}
		}
		return strings.Join(hints, "+")
	}
	return "scan"
}

// TestDefaultFields holds the built-in policy to names in the spellings that occur in logs.
func TestDefaultFields(t *testing.T) {
	p := DefaultPolicy()
	for _, test := range []struct{ want, names string }{
		{"secret-fields replace", "password PASSWORD Password passwd db.password dbPassword DB-PASSWORD userpassword pwd X-Api-Key apiKey api_key APIKEY apikey clientSecret " +
			"client_secret accessToken access-token ACCESS_TOKEN refresh.token authtoken Authorization proxy-authorization Cookie Set-Cookie passwords password2 " +
			"privateKey smtp_pass dbPw user[0].password aws_secret_access_key AWSSecretAccessKey credentials ｐａｓｓｗｏｒｄ pass\u200bword password_hash " +
			"passwordConfirmation password_new tokenValue api_key_v2 form.password.value authorizationHeader secret_key_base pаssword contraseña LÖSENORD"},
		{"keep", "tokenCount passwordExpiredAt password_reset_count api_version passwordVersion max_tokens nextPageToken RequestID requestId request_id X-Request-ID TraceID " +
			"trace.id SpanID traceparent ContainerID MesosTaskID commit etag t ts timestamp @timestamp created_at duration status http.status_code startUnixNano ts_us " +
			"time_processed clientVersion clientOSVersion firmware bytes"},
		{"scan", "passwordExpired public_key monkey keyboard client_id clientId secret_name tokenType fileName name hostname clientHost address config action lvl env callName " +
			"id name/id err error note opinion spin hotel turkey latencyBudget compass bypass sharp " +
			"phoneModel phone_type addressFamily emailSent token_id pin_retries streetlight value old_value number work list token_set"},
		{"one-time-codes replace", "otp OTP loginOtp cvv cvc2 pin smsCode puk1 otpCode otp_value"},
		{"person-names replace", "firstName first_name first-name FIRST_NAME FirstName customerFirstName customerfirstname lastName full.name customerName surname cardHolder cardholder name/first user/name/last customer/name card.holder"},
		{"birth-dates replace", "dateOfBirth date_of_birth DOB birthDate user.birthdate födelsedatum FÖDELSEDATUM date_of_birth_iso birth/date"},
		{"street-addresses replace", "streetAddress street addressLine1 address_line_2 billingAddress address1 address_2 address/line1"},
		{"accounts pseudonym", "AccountID accountId account_id ACCOUNT_ID accountIds x-account-id user.accountId accountid account/id user/account/id account.id"},
		{"phone", "msisdn MSISDN subscriber.msisdn subscriberMsisdn phone phoneNumber homePhone Mobile mobile_no tel calledNumber subscriberNumber phone2 phones phone/home phones/*/number msisdn/* subscriber aParty calledParty msisdn:447700900122 " +
			"msisdn_from phone_work phone_us phoneRaw phone.number.e164 callingPartyNumber msisdnB telefonNr tlf"},
		{"imsi+imei", "imsi subscriber_imsi deviceImei IMEI imeisv imsiNumber imei_no"},
		{"personnummer+fodselsnummer+nino+ssn", "ssn personnummer nationalId fnr fødselsnummer FØDSELSNUMMER nationalInsurance taxId socialSecurityNumber ssnNumber ssn_last D-nummer fødselsNr"},
		{"geo", "lat lon lng latitude start_lat pos.longitude coordinates coords location location/* lat_deg longitudeDeg"},
		{"digits", "msg MSG"},
	} {
		for _, name := range strings.Fields(test.names) {
			if got := verdict(p, p.Field(Topic, []byte("ctrl"), pathOf(name))); got != test.want {
				t.Errorf("%s: %s, want %s", name, got, test.want)
			}
		}
	}
}

// TestPrecedence is the table in docs/redaction.md.
func TestPrecedence(t *testing.T) {
	p := mustLoad(t, `
rules:
- {rule: path, paths: [user.note], operator: drop}
- {rule: wild, paths: ['**.note'], operator: replace}
- {rule: wilder, paths: ['user.**'], operator: withhold}
- {rule: scoped, names: [ref], operator: drop, services: [api-*]}
- {rule: label, names: [ref], operator: withhold, outputs: [label, summary]}
- {rule: name, names: [ref], operator: replace}
- {rule: suffix, suffixes: [ref], operator: mask}
- {rule: longer, suffixes: [order_ref], operator: keep}
- {rule: ending, names: ['*xref'], operator: drop}
- {rule: phones, suffixes: [phone], operator: drop}
- {rule: items, paths: ['list.*.id', 'a.b.c'], operator: drop}
`)
	for _, test := range []struct {
		out                 Output
		service, path, want string
	}{
		{Topic, "", "user/note", "path drop"},
		{Topic, "", "user.note", "path drop"},
		{Topic, "", "User/NOTE/*", "path drop"},
		{Topic, "", "x/y/note", "wild replace"},
		{Topic, "", "note", "wild replace"},
		{Topic, "", "user/a/b", "wilder withhold"},
		{Topic, "", "user", "wilder withhold"},
		{Topic, "", "ref", "name replace"},
		{Topic, "api-1", "ref", "scoped drop"},
		{Topic, "papi-1", "ref", "name replace"},
		{Label, "", "ref", "label withhold"},
		{Label, "api-1", "ref", "scoped drop"},
		{Topic, "", "orderId.ref", "name replace"},
		{Topic, "", "my_ref", "suffix mask"},
		{Topic, "", "my_order_ref", "keep"},
		{Topic, "", "myxref", "ending drop"},
		{Topic, "", "pref", "scan"},
		{Topic, "", "phone", "phones drop"}, // the file comes before the built-in policy
		{Topic, "", "homephone", "phone"},
		{Topic, "", "list/*/id", "items drop"},
		{Topic, "", "list/x/id", "items drop"},
		{Topic, "", "list/id", "scan"},
		{Topic, "", "a/*/b/*/*/c", "items drop"},
		{Topic, "", "a.b/c", "items drop"},
		{Topic, "", "a/b", "scan"},
		{Topic, "", "", "scan"},
	} {
		if got := verdict(p, p.Field(test.out, []byte(test.service), pathOf(test.path))); got != test.want {
			t.Errorf("%s %q %s: %s, want %s", test.out, test.service, test.path, got, test.want)
		}
	}
}

func TestAllowList(t *testing.T) {
	p := mustLoad(t, "extends: none\nmode: allow-list\nunknown: {operator: replace}\nrules:\n- {rule: ok, paths: [a.b, msg], operator: keep}\n- {rule: free, names: [err], operator: scan}\n- {rule: m, names: [msisdn], evidence_of: [phone]}\n")
	for path, want := range map[string]string{"a": "unknown replace", "a/b": "keep", "a/c": "unknown replace", "err": "scan", "msisdn": "phone", "new": "unknown replace", "msisdn/home": "phone"} {
		if got := verdict(p, p.Field(Topic, nil, pathOf(path))); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestDetectors(t *testing.T) {
	p := mustLoad(t, `
rules:
- {rule: label-ip, detectors: [ip], operator: withhold, outputs: [label]}
- {rule: ip, detectors: [ip], operator: generalise}
- {rule: no-mac, detectors: [mac], operator: keep}
- {rule: pan, detectors: [card], operator: mask, keep_last: 4}
detectors:
  phone: {context: [ring], excluded: [order]}
`)
	for _, test := range []struct {
		out  Output
		kind detect.Kind
		want string
	}{
		{Label, detect.IP, "label-ip withhold"}, {Topic, detect.IP, "ip generalise"}, {Log, detect.Card, "pan mask"}, {Topic, detect.Email, "email replace"}, {Topic, detect.MAC, "no-mac keep"},
	} {
		a := p.Detector(test.out, test.kind)
		if got := p.RuleName(a.Rule) + " " + a.Op.String(); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.out, test.kind, got, test.want)
		}
	}
	if a := p.Detector(Topic, detect.IP); a.Bits != 24 || a.Bits6 != 48 || a.Marker != "<ip>" {
		t.Errorf("generalise: %+v", a)
	}
	f := p.Field(Topic, nil, pathOf("x"))
	if f.On.Has(detect.MAC) || !f.On.Has(detect.IP) || f.On.Has(detect.Digits) || !p.Field(Label, nil, pathOf("x")).On.Has(detect.Digits) {
		t.Errorf("on: %b", f.On)
	}
	if w := p.Words(detect.Phone); len(w.Context) != 1 || len(w.Excluded) != 1 {
		t.Errorf("words: %v", w)
	}
	if p.Detector(Topic, 250) != nil || p.RuleName(999) != "none" || p.RulePlace(-1) != "" {
		t.Error("numbers out of range")
	}
}

func TestPatterns(t *testing.T) {
	p := mustLoad(t, `
patterns:
- {pattern: employee, regexp: '\bEMP-[0-9]{6}\b'}
- {pattern: ward, regexp: '\b[A-Z]{2}[0-9]{3}\b', keyword: ward, operator: withhold, outputs: [topic]}
`)
	text := []byte("EMP-123456 and EMP-1234567 in Ward AB123, EMP-654321")
	matches := p.FindPatterns(nil, Topic, text)
	var got []string
	for _, m := range matches {
		got = append(got, string(text[m.Start:m.End])+m.Action.Marker)
	}
	if want := "EMP-123456<employee> EMP-654321<employee> AB123<ward>"; strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
	if n := len(p.FindPatterns(nil, Label, text)); n != 2 {
		t.Errorf("%d matches in a label", n)
	}
	for text, want := range map[string]bool{"xx EMP-": true, "in WARD 7": true, "AB123": false, "": false} {
		if p.PatternCandidate([]byte(text)) != want {
			t.Errorf("candidate %q is %v", text, !want)
		}
	}
}

func TestHeaders(t *testing.T) {
	p := mustLoad(t, "kafka: {headers: {allow: [Trace-Parent, 'x-b3-*']}, key: {operator: keep}}")
	for name, want := range map[string]bool{"traceparent": true, "TRACE_PARENT": true, "X-B3-TraceId": true, "user": false, "": false} {
		if p.Header([]byte(name)) != want {
			t.Errorf("header %q: %v", name, !want)
		}
	}
	if p.KafkaKey() != nil || mustLoad(t, "").KafkaKey().Prefix != "acc" || !mustLoad(t, "").Header([]byte("traceparent")) {
		t.Error("keys or the built-in headers")
	}
}

func TestFieldDoesNotAllocate(t *testing.T) {
	p := DefaultPolicy()
	for _, name := range []string{"RequestID", "someUnknownName", "user/homePhone", "list/*/*"} {
		path := pathOf(name)
		if n := testing.AllocsPerRun(100, func() { p.Field(Topic, nil, path) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestHeaderDoesNotAllocate(t *testing.T) {
	p, name := DefaultPolicy(), []byte("X-B3-TraceId")
	if n := testing.AllocsPerRun(100, func() { p.Header(name) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkField(b *testing.B) {
	p := DefaultPolicy()
	for _, name := range []string{"RequestID", "clientHost", "someUnknownLongName"} {
		b.Run(name, func(b *testing.B) {
			path := pathOf(name)
			b.ReportAllocs()
			for b.Loop() {
				p.Field(Topic, nil, path)
			}
		})
	}
}
