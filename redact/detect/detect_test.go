package detect_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact/detect"
)

// topic are the kinds that are looked for outside labels.
var topic = detect.AllKinds.Without(detect.Digits)

// redacted is text with its findings as markers.
func redacted(s *detect.Scanner, text string, on, hint detect.Kinds, weak bool) string {
	var b strings.Builder
	last := 0
	for _, sp := range s.FindAll([]byte(text), on, hint, weak) {
		b.WriteString(text[last:sp.Start])
		b.WriteString("<" + sp.Kind.String() + ">")
		last = sp.End
	}
	b.WriteString(text[last:])
	return b.String()
}

// cases are texts, each with what redaction makes of it; the same where nothing is to be found.
type cases []struct{ in, want string }

func (cs cases) run(t *testing.T, hint detect.Kinds, weak bool) {
	t.Helper()
	s := detect.NewScanner(detect.Options{})
	for _, c := range cs {
		want := c.want
		if want == "" {
			want = c.in
		}
		got := redacted(s, c.in, topic, hint, weak)
		if got != want {
			t.Errorf("in   %s\ngot  %s\nwant %s", c.in, got, want)
		}
		if again := redacted(s, got, topic, hint, weak); again != got {
			t.Errorf("in   %s\nonce %s\ntwice %s", c.in, got, again)
		}
		if hint == 0 && want != c.in && !s.Candidate([]byte(c.in)) {
			t.Errorf("Candidate misses %s", c.in)
		}
	}
}

func TestEmail(t *testing.T) {
	cases{
		{"mail annika.bergstrand@example.com now", "mail <email> now"},
		{"FREDRIKA@EXAMPLE.COM", "<email>"},
		{"a+b@mail.example.co.uk.", "<email>."},
		{"d'arcy.x@example.org", "<email>"},
		{"'x.y@example.org','z@post.test'", "'<email>','<email>'"},
		{"<x@example.org>", "<<email>>"},
		{"/v1/u/a.b@example.org/state?x=1", "/v1/u/<email>/state?x=1"},
		{`"john doe"@example.com said`, "<email> said"},
		{"åsa@example.se", "<email>"},
		{"info@müller.example", "<email>"},
		{"x@xn--mller-kva.example", "<email>"},
		{"x@sub-domain.xn--p1ai", "<email>"},
		{"12345@163.com", "<email>"},
		{"bad \xffx.y@example.net\xff tail", "bad \xff<email>\xff tail"},
		{"sip:alice@example.com;tag=1", "sip:<email>;tag=1"},
		{"email=x@example.org&page=2", "email=<email>&page=2"},
		{"root@localhost closed", ""},
		{"asset icon@2x.png missing", ""},
		{"icon@3x.min.js", ""},
		{"net@v0.17.0", ""},
		{"net@v0.17.0.zip", ""},
		{"react@18.2.0-rc.next", ""},
		{"cron @daily and @hourly", ""},
		{"matrix A@B is singular", ""},
		{"getty@tty1.service failed", ""},
		{"git@github.com:org/x.git cloned", ""},
		{"@@@@", ""},
		{"a@-x.org", ""},
		{"x@.com", ""},
	}.run(t, 0, false)
}

func TestPhone(t *testing.T) {
	cases{
		{"call +46701740638 back", "call <phone> back"},
		{"tel:+46 8-465 004 13;phone-context=ims", "tel:<phone>;phone-context=ims"},
		{"+46 (0)70-174 06 38", "<phone>"},
		{"+1 (617) 555-0116 x", "<phone> x"},
		{"+1.617.555.0116", "<phone>"},
		{"(+44 20 7946 0161)", "(<phone>)"},
		{"'+33639981579')", "'<phone>')"},
		{"+33639981579 17 attempts", "<phone> 17 attempts"},
		{"+999 12345678", ""},
		{"+0701740638", ""},
		{"+1 155 555 0116", ""},
		{"+1234567", ""},
		{"2019-09-24T09:29:07+0200", ""},
		{"2019-09-24T09:29:07.123+02:00", ""},
		{"/app/main.go:77 +0x1d", ""},
		{"5+46701740638", ""},
		{"+46701740638.25", ""},
	}.run(t, 0, false)
	cases{
		{"customer phone 06 39 98 15 25 not verified", "customer phone <phone> not verified"},
		{"please call 070-174 06 55 back", "please call <phone> back"},
		{"contact number (617) 555-0116 is stale", "contact number <phone> is stale"},
		{"mobile: 06 39 98 66 53, lang: sv", "mobile: <phone>, lang: sv"},
		{"msisdn=442079460107&lang=sv", "msisdn=<phone>&lang=sv"},
		{"msisdn:447700900122", "msisdn:<phone>"},
		{"sms to 46701740638 rejected", "sms to <phone> rejected"},
		{"dialled 0046701740638", "dialled <phone>"},
		{"070-174 06 55 (mobil)", "<phone> (mobil)"},
		{"caller id 12025550139", "caller id <phone>"},
		{"voip call 49302312520 3 retries", "voip call <phone> 3 retries"},
		{"puhelinnumero 040 1234567", "puhelinnumero <phone>"},
		{"telefonnummer: 08/465 004 13", "telefonnummer: <phone>"},
		{`"msisdn":"33639982386","x":`, `"msisdn":"<phone>","x":`},
		{"phones 0701740655, 0701740638 and 0701740606", "phones <phone>, <phone> and <phone>"},
		{"partition 12 offset 918273645 lag 40", ""},
		{"epoch 1569317347 ahead", ""},
		{"sms epoch 1569317347", ""},
		{"phone verified 2019-09-24", ""},
		{"phone lookup took 123456 ms", ""},
		{"call 123456789 ms", ""},
		{"order number 918273645", ""},
		{"order nummer 0701740655", ""},
		{"crc 0x0701740605 mismatch", ""},
		{"batch 0046-A-1740605-Z done", ""},
		{"cell 001019988 up", ""},
		{"call 070-1", ""},
		{"telephoned 918273645", ""},
		{"phone=none&foo=918273645", ""},
	}.run(t, 0, true)
	cases{
		{"46846500460", "<phone>"}, {"12025550139", "<phone>"}, {"46846500428.0", "<phone>"}, {"(617) 555-0116", "<phone>"},
		{"5550116", "<phone>"}, {"unknown", ""}, {"112", ""}, {"2019-09-24", ""},
	}.run(t, detect.Of(detect.Phone), true)
}

func TestAddresses(t *testing.T) {
	cases{
		{"203.0.113.65", "<ip>"},
		{"dial tcp 203.0.113.120:5432: refused", "dial tcp <ip>:5432: refused"},
		{"http://203.0.113.52/healthz", "http://<ip>/healthz"},
		{"10.11.3.51 and 192.168.0.1/24", "<ip> and <ip>/24"},
		{"example.com/203.0.113.5:443", "example.com/<ip>:443"},
		{"/203.0.113.5:443", "/<ip>:443"},
		{"lookup 203.0.113.45: no such host", "lookup <ip>: no such host"},
		{"firmware update for 203.0.113.9 failed", "firmware update for <ip> failed"},
		{"peer-203.0.113.9-lost", "peer-<ip>-lost"},
		{"198.51.100.1-198.51.100.9", "<ip>-<ip>"},
		{"listening on 127.0.0.1:80 and 0.0.0.0", ""},
		{"mask 255.255.255.0", ""},
		{"octet 300.1.2.999", ""},
		{"oid 1.3.6.1.4.1", ""},
		{"1.2.3.4.5", ""},
		{"firmware=3.2.1.0 rev=b", ""},
		{"build 7.0.12.4 failed", ""},
		{"version: 1.2.3.4", ""},
		{"clientVersion=1.2.3.4", ""},
		{"curl/7.0.12.4 (x)", ""},
		{"v1.2.3.4", ""},
		{"upgraded from 1.2.3.4 to 1.2.3.5", ""},
		{"1.2.3.4-beta2", ""},
		{"ip-10-11-3-51", ""},
		{"edge 203.0.113.5 unreachable", "edge <ip> unreachable"},
		{"DHCP release 203.0.113.5", "DHCP release <ip>"},
		{"build on 203.0.113.5:22 failed", "build on <ip>:22 failed"},
		{"build 10.2.33.4 unreachable", "build <ip> unreachable"},
		{"plugin 9.8.7.6:80 timeout", "plugin <ip>:80 timeout"},
		{"kernel: 198.51.100.4 martian", "kernel: <ip> martian"},
		{"version check from 203.0.113.5", "version check from <ip>"},
		{"upgrade from 203.0.113.5 requested", "upgrade from <ip> requested"},
		{"dispatcher/203.0.113.5 up", "dispatcher/<ip> up"},
		{"version 1.2.3.4, 203.0.113.5", "version 1.2.3.4, <ip>"},
		{"ip_203.0.113.19_x 203.0.113.5_8080", "ip_<ip>_x <ip>_8080"},
		{"release 2.14.0.1 is out, nginx/1.2.3.4, Chrome/10.0.0.7", ""},
		{"new version is 3.2.1.0", ""},
		{"2001:db8:c323:a697::2881", "<ip>"},
		{"peer [2001:db8::a881]:443 reset", "peer [<ip>]:443 reset"},
		{"2001:0db8:0:0:1:0:0:1.", "<ip>."},
		{"::ffff:192.0.2.219", "<ip>"},
		{"2001:db8:1:2:3:4:5:6:443", "<ip>:443"},
		{"fe80::1ff:fe23:4567:890a%eth0 up", "<ip> up"},
		{"addr:2001:db8::1", "addr:<ip>"},
		{"2001:db8::1: timeout", "<ip>: timeout"},
		{"listening on [::1]:8080 and ::", ""},
		{"at 09:29:07 and 10:00:00", ""},
		{"ratio 3:4:5", ""},
		{"std::vector a::b Fade::Bed", ""},
		{"::ffff:127.0.0.1", ""},
		{"ab:cd:ef:01:23:45:67:89", ""},
		{"12::34", ""},
		{"dhcp for 00:00:5e:00:53:37 renewed", "dhcp for <mac> renewed"},
		{"00-00-5E-00-53-05 joined", "<mac> joined"},
		{"aa-bb-cc-dd-ee-01", "<mac>"},
		{"aa-bb-cc-dd-ee-fe", "<mac>"},
		{"aabb.ccdd.eefa", "<mac>"},
		{"0000.5e00.5349.", "<mac>."},
		{"ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 ffff.ffff.ffff", ""},
		{"ab:cd:ef:01:23", ""},
		{"SHA1 ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01", ""},
	}.run(t, 0, false)
}

func TestCards(t *testing.T) {
	cases{
		{"x 4111111111111111", "x <card>"}, {"x 5555555555554444", "x <card>"}, {"x 2223000048400011", "x <card>"}, {"x 378282246310005", "x <card>"},
		{"x 6011111111111117", "x <card>"}, {"x 30569309025904", "x <card>"}, {"x 3530111333300000", "x <card>"}, {"x 6759649826438453", "x <card>"},
		{"x 6200000000000005", "x <card>"}, {"x 4222222222222", "x <card>"}, {"4111111111111111", ""}, // an identifier in a kept field
		{"card 4111 1111 1111 1111 declined", "card <card> declined"},
		{"PAN=4111-1111-1111-1111;exp=0127", "PAN=<card>;exp=0127"},
		{"3782 822463 10005", "<card>"},
		{"4111 1111 1111 1111 123", "<card> 123"},
		{"card-4111111111111111-declined", "card-<card>-declined"},
		{"pan4111111111111111", "pan<card>"},
		{"{4111111111111111}", "{<card>}"},
		{"4111111111111112", ""},
		{"0.4111111111111111", ""},
		{"4111111111111111.5", ""},
		{"14111111111111111", ""},
		{"1569317347000", ""},
		{"1677546729473381084", ""},
		{"a4111111111111111", ""},
		{"4111111111111111abc", ""},
		{"00-18208250615043140744231296394437-4111111111111111-01", ""},
		{"9999999999999995", ""},
	}.run(t, 0, false)
}

func TestNationalNumbers(t *testing.T) {
	cases{
		{"id 20011015-9837 not found", "id <personnummer> not found"},
		{"kund 950308-9949 saknas", "kund <personnummer> saknas"},
		{"950308+9949", "<personnummer>"},
		{"supplier org 558624-4500 updated", ""},
		{"951308-9949", ""},
		{"950308-9948", ""},
		{"ssn 887-59-6077 failed", "ssn <ssn> failed"},
		{"slot 900-12-3456 000-12-3456 666-12-3456 123-00-4567 123-45-0000", ""},
		{"slot 12-345-6789", ""},
		{"1-887-59-6077", ""},
		{"NI SN627926D mismatch", "NI <nino> mismatch"},
		{"tg386084b expired", "<nino> expired"},
		{"nino: WG 87 92 27 B pending", "nino: <nino> pending"},
		{"part NK654321B DA112233A ZZ123456A SN627926E", ""},
		{"bare 9503089949 and 199503089949 and 18065961489", ""},
		{"epoch 887596077", ""},
	}.run(t, 0, false)
	cases{
		{"personnummer 193508069840 rejected", "personnummer <personnummer> rejected"},
		{"fødselsnummer 280656 56673 ugyldig", "fødselsnummer <fodselsnummer> ugyldig"},
		{"fnr=06920171387 ok=false", "fnr=<fodselsnummer> ok=false"},
		{"D-nummer 18065961489", "D-nummer <fodselsnummer>"},
		{"social security number 887596077", "social security number <ssn>"},
		{"national id 18065961489", "national id <fodselsnummer>"},
		{"shipment 28115465397 weighed", ""},
		{"imei 001017035254161 blacklisted", "imei <imei> blacklisted"},
		{"imei 001017035254162 blacklisted", ""},
		{"IMSI=001010884467776 apn=web", "IMSI=<imsi> apn=web"},
		{"tac 00101 overloaded", ""},
		{"imei 35-801700-525416-1", ""},
	}.run(t, 0, true)
	cases{{"193508069840", "<personnummer>"}, {"18065961489", "<fodselsnummer>"}, {"18065961488", ""}}.run(t, detect.Of(detect.Personnummer, detect.Fodselsnummer), false)
}

func TestIBAN(t *testing.T) {
	cases{
		{"DE89370400440532013000", "<iban>"},
		{"iban=pl83110895877462976345248629 bic=ZZXQSESS", "iban=<iban> bic=ZZXQSESS"},
		{"refund to CH23 5798 4992 0947 9664 9 queued", "refund to <iban> queued"},
		{"IT52-X908-4610-9213-3235-2425-533", "<iban>"},
		{"GB29 NWBK 6016 1331 9268 19.", "<iban>."},
		{"IBANDE89370400440532013000", "IBAN<iban>"},
		{"product key GB04ZZXQ21541048635964 rejected", ""},
		{"code NO93 is not a bank", ""},
		{"DE893704004405320130001", ""},
		{"XDE89370400440532013000", ""},
		{"'DE27312510513714740545'/'203.0.113.65' end", "'<iban>'/'<ip>' end"},
	}.run(t, 0, false)
}

func TestSecrets(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJmNjczMzZlNDAzZmIifQ.PA6wzdxmLHQGdMXOuPH9BvNeUMnaibEbsk6Aw6NKgQQ"
	cases{
		{"cookie sid=" + jwt + "; path=/", "cookie sid=<jwt>; path=/"},
		{jwt[:strings.LastIndexByte(jwt, '.')] + " cut", "<jwt> cut"},
		{"loaded eyJ-prefix a.b.c eyJabcdefgh.abcdefgh.x", ""},
		{`curl -H "Authorization: Bearer SMLboLV6ubrYToe2LfekHXEH8c886xRY7qwQXQS" failed`, `curl -H "Authorization: Bearer <credential>" failed`},
		{"Basic c3ZjMTo5VUpaRm9haHpjRWc=", "Basic <credential>"},
		{"basic YTpi", ""},
		{"bearer token missing", ""},
		{"basic authentication-not-supported", ""},
		{"InvalidAccessKeyId: AKIATAYNKEDBCEXAMPLE in", "InvalidAccessKeyId: <aws_key> in"},
		{"AKIATAYNKEDBCEXAMPLE/kiX6mdmE+y06C7bflgwqy9zdjim6NEXAMPLEKEY1", "<aws_key>/<aws_key>"},
		{"lookup AKIAB skipped arn:aws:iam::policy/ReadOnly", ""},
		{"bad -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- near", "bad <private_key> near"},
		{"cut -----BEGIN PRIVATE KEY-----\nabc", "cut <private_key>"},
		{"no PRIVATE KEY block -----BEGIN CERTIFICATE-----\nx", ""},
		{"dial https://ingest:pTcB@repo.example.org/x.git", "dial https://ingest:<url_password>@repo.example.org/x.git"},
		{"redis://:p@ss@cache.example.net:6379/0", "redis://:<url_password>@cache.example.net:6379/0"},
		{"redis://u:p/a?b@cache.example.net:6379/0", "redis://u:<url_password>@cache.example.net:6379/0"},
		{"redis://cache.example.net:6379/0 ssh://git@host/x ssh://git@host.example/x", ""},
		{"https://host:8080/a@b", ""},
	}.run(t, 0, false)
	cases{
		{"connect failed (secret='s0mmarRegn!')", "connect failed (secret='<secret>')"},
		{"pwd: Tr0ub4dor_; retry", "pwd: <secret>; retry"},
		{"password=FKW3DCm52U4r8", "password=<secret>"},
		{"db.password=x1y2z3,user=bob", "db.password=<secret>,user=bob"},
		{"MYSQL_ROOT_PASSWORD=a,b;c)d e", "MYSQL_ROOT_PASSWORD=<secret> e"},
		{`{"password":"iPQJQ\"xFq","u":1}`, `{"password":"<secret>","u":1}`},
		{`{\"apiKey\":\"abcd1234\",\"u\":1}`, `{\"apiKey\":\"<secret>\",\"u\":1}`},
		{`"clientSecret":"abc`, `"clientSecret":"<secret>`},
		{"/login?user=x&password=MzT33E&next=/home", "/login?user=x&password=<secret>&next=/home"},
		{"/cb?code=abc123xyz&state=7&sig=zz99zz00", "/cb?code=<secret>&state=7&sig=<secret>"},
		{"/cb?code=200&key=name&token_type=bearer", ""},
		{"x-api-key: abc123", "x-api-key: <secret>"},
		{"Authorization: token ghp_abc123", "Authorization: token <secret>"},
		{"authorization: Bearer abc123", "authorization: Bearer <secret>"},
		{"Cookie: a=b; c=d", "Cookie: <secret>"},
		{"mysql --password hunter2 -u x", "mysql --password <secret> -u x"},
		{"otp: Q7-FDRHxmGu", "otp: <otp>"},
		{"one-time code 482913, verification code is 482914", "one-time code <otp>, verification code is <otp>"},
		{"error code 482913", ""},
		{"?key=AIzaSyA0123", "?key=<secret>"},
		{"otp 482913 sent", "otp <otp> sent"},
		{"aws_secret_access_key=kiX6mdmE/EXAMPLEKEY region=eu", "aws_secret_access_key=<secret> region=eu"},
		{"user must change password first", ""},
		{"password expired, passphrase policy updated", ""},
		{"password: expired", ""},
		{"passwordExpired=true tokenCount=81 public_key=abcdef next_page_token=abcdef secret_version=abcdef", ""},
		{"monkey=banana keyboard: x", ""},
		{"error parsing token: unexpected end of JSON", ""},
		{"token refresh took 81 ms", ""},
		{"password=<secret> token: acc_k3_abcdefgh12345678ab", ""},
		{"code=7 session=open", ""},
		{"token == nil", ""},
	}.run(t, 0, true)
	cases{{"  hunter2 ", "  <secret> "}, {"<secret>", ""}, {"true", ""}, {"a b@c", "<secret>"}}.run(t, detect.Of(detect.Secret), true)
}

func TestGeo(t *testing.T) {
	cases{
		{"handover at lat=68.489854, lon=-19.112177 cell 8812", "handover at lat=<geo>, lon=<geo> cell 8812"},
		{"geo:63.902110,12.494310;u=35", "geo:<geo>,<geo>;u=35"},
		{"position 59.3293 18.0686 reached", "position <geo> <geo> reached"},
		{`"lat":59.3293,"lon":18.0686`, `"lat":<geo>,"lon":<geo>`},
		{"p50 59.329323 p99 181.068581 ms", ""},
		{"lat=12.55 ms", ""},
		{"position 12.55 of 1024.77", ""},
	}.run(t, 0, true)
	cases{{"61.449463", "<geo>"}, {"-19.90", "<geo>"}}.run(t, detect.Of(detect.Geo), true)
}

func TestViews(t *testing.T) {
	cases{
		{"/v1/u/%2B447700900841/state", "/v1/u/<phone>/state"},
		{"/v1/u/x.y%2540example.org/state", "/v1/u/<email>/state"},
		{"for x.y\\u0040example.org done", "for <email> done"},
		{"for x.y&#64;example.org done", "for <email> done"},
		{"for x.y&commat;example&period;org done", "for <email> done"},
		{"seen ingeb\u200borg@post.test today", "seen <email> today"},
		{"from \x1b[31m203.0.113.65\x1b[0m today", "from \x1b[31m<ip> today"},
		{`user \u001b[1;32m950308-9949\u001b[0m in`, `user \u001b[1;32m<personnummer> in`},
		{`card \033[1m4111111111111111\033[0m`, `card \033[1m<card>`},
		{`phone \e[1m070-174 06 55\e[m`, `phone \e[1m<phone>`},
		{"\x1b[0mdone in 12 ms\x1b[m", "\x1b[0mdone in 12 ms\x1b[m"},
		{"seen x.y＠post.test today", "seen <email> today"},
		{"seen 4111‑1111‑1111‑1111 today", "seen <card> today"},
		{"seen ４１１１１１１１１１１１１１１１ today", "seen <card> today"},
		{"seen аnnika@exаmple.org today", "seen <email> today"},
		{"x b2tvbmt3by5kZXNtb25kNTlAa3VuZC5leGFtcGxl y", "x <email> y"},
		{"p " + base64.StdEncoding.EncodeToString([]byte(`{"firstName":"Ingeborg","op":"z"}`)), "p <name>"},
		{"p " + base64.URLEncoding.EncodeToString([]byte(`{"accountId":"594f1ee71fca87cbda1e4266"}`)), "p <account>"},
		{"p " + base64.RawURLEncoding.EncodeToString([]byte("msisdn=46701740638")), "p <phone>"},
		{"p " + base64.StdEncoding.EncodeToString([]byte(`{"op":"z","state":"open"}`)), ""},
		{`"firstName":"Ingeborg"`, ""}, // whoever reads the text knows its keys
		{"+46\u00a070\u00a0174\u00a006\u00a038", "<phone>"},
		{"1s/Hmc2A6fO3/1h0+WrG8UKG1GOEa9aB1NMpI12MxEVU", ""},
		{"100%25 of café", ""},
	}.run(t, 0, true)
}

func TestIdentifiersStay(t *testing.T) {
	cases{
		{"job 451f789d-9b58-45d4-83c8-3390593d3106 requeued", ""},
		{"48254336-0286-4017-8124-684662068622", ""},
		{"etag af6e8a84d34ebb713474efc446e2dc09b549bb3f7516b639f0bbd33c6853d29f", ""},
		{"d7dd688b-c16b-4111111111111111", ""},
		{"acc_k3_4111111111111111abcdefgh", ""},
		{"<email> <ip> <card> acc_k3_d9669dd1290d913e acc_k12_mfrggzdfmztwq2lk", ""},
		{"value 09/24/2019 12:00, 1,569,317,347 rows", ""},
		{"", ""},
	}.run(t, 0, true)
}

func TestLabelDigits(t *testing.T) {
	s := detect.NewScanner(detect.Options{})
	for in, want := range map[string]string{
		"order-12345678-lost":                  "order-<digits>-lost",
		"order-1234567-lost":                   "order-1234567-lost",
		"user12345678":                         "user<digits>",
		"45121789-9158-4514-8318-339059313106": "45121789-9158-4514-8318-339059313106",
	} {
		if got := redacted(s, in, detect.AllKinds, 0, true); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	s := detect.NewScanner(detect.Options{
		Words:   []detect.Word{{"Ruf-Nr", detect.Phone}, {"losung", detect.Secret}},
		Exclude: []detect.Word{{"mobile", detect.Phone}},
	})
	for in, want := range map[string]string{
		"rufnr 918273645":  "rufnr <phone>",
		"losung=abc123":    "losung=<secret>",
		"mobile 918273645": "mobile 918273645",
	} {
		if got := redacted(s, in, topic, 0, true); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestKinds(t *testing.T) {
	for k := detect.Email; k <= detect.Custom; k++ {
		if got, ok := detect.ParseKind(k.String()); !ok || got != k {
			t.Errorf("ParseKind(%q) = %v, %v", k.String(), got, ok)
		}
		if !detect.AllKinds.Has(k) || !detect.Of(k).Has(k) || detect.AllKinds.Without(k).Has(k) {
			t.Errorf("%v: sets do not hold", k)
		}
	}
	if _, ok := detect.ParseKind("none"); ok {
		t.Error("none is no kind that can be named")
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct {
		kind detect.Kind
		raw  []string
		want string
	}{
		{detect.Phone, []string{"+46 (0)70-174 06 38", "0046701740638", "46701740638.0", "+46701740638"}, "46701740638"},
		{detect.Email, []string{"Anna@Example.ORG", "Anna@example.org"}, "Anna@example.org"},
		{detect.IP, []string{"192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"}, "00000000000000000000ffffc0000201"},
		{detect.IP, []string{"2001:db8::1", "2001:0DB8:0:0:0:0:0:1"}, "20010db8000000000000000000000001"},
		{detect.IBAN, []string{"DE89 3704 0044 0532 0130 00", "de89370400440532013000"}, "de89370400440532013000"},
		{detect.Personnummer, []string{"19950308-9949", "950308-9949", "9503089949"}, "9503089949"},
		{detect.MAC, []string{"00-00-5E-00-53-05", "0000.5e00.5305"}, "00005e005305"},
		{detect.Account, []string{" d9669dd1 "}, "d9669dd1"},
	} {
		for _, raw := range c.raw {
			if got := string(detect.Canonical(nil, c.kind, []byte(raw))); got != c.want {
				t.Errorf("%v %q: got %q, want %q", c.kind, raw, got, c.want)
			}
		}
	}
}

func ExampleScanner_Find() {
	s := detect.NewScanner(detect.Options{})
	text := []byte("login of anna@example.org from 203.0.113.65")
	for _, f := range s.Find(text, detect.AllKinds, 0, true) {
		fmt.Println(f.Kind, string(text[f.Start:f.End]))
	}
	// Output:
	// email anna@example.org
	// ip 203.0.113.65
}
