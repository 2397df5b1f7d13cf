package rules_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/logproc/logproc/rules"
)

func TestForm(t *testing.T) {
	for _, test := range []struct{ key, want string }{
		{"Order-Failed", "Order-Failed"},
		{"user logged in", "user logged in"},
		{"user john smith logged in", "user <word> <word> logged in"},
		{"User not found", "User not found"},
		{"Failed to charge John Smith", "Failed to charge <word> <word>"},
		{"John Smith failed to pay", "<word> <word> failed to pay"},
		{"Invoice sent to Mr. Anders Svensson", "Invoice sent to Mr. <word> <word>"},
		{"name is john", "name is <word>"},
		{"mail from john.smith@example.com rejected", "mail from <email> rejected"},
		{"john @ example.com", "<email>"},
		{"john (at) example.com", "<email>"},
		{"john%40example.com logged in", "<token> logged in"},
		{`john\u0040example.com`, "<token>"},
		{"john&#64;example.com", "<token>"},
		{"john＠example.com", "<email>"},
		{"john\u200b\u0040exam\u200bple.com", "<email>"},
		{"jo\u200bhn smith", "<token> smith"},
		{"password=hunter2 for user=bob", "password=<token> for user=<token>"},
		{"status: 500, retries=3", "status: <number>, retries=<number>"},
		{"took 53ms (95%)", "took <number> (<number>)"},
		{"order-7f3a9b2c-failed", "order-<hex>-failed"},
		{"request 123e4567-e89b-12d3-a456-426614174000 failed", "request <uuid> failed"},
		{"order-123e4567-e89b-12d3-a456-426614174000", "order-<uuid>"},
		{"dial tcp 10.1.2.3:5432: connection refused", "dial tcp <ip>: connection refused"},
		{"from fe80::1", "from <ip>"},
		{"at 2019-09-24T10:00:00Z", "at <time>"},
		{"12:30:45", "<time>"},
		{"GET https://example.com/x?y=1 failed", "GET <url> failed"},
		{"GET /users/42/orders", "GET /users/<number>/orders"},
		{`cannot parse "John Smith" here`, "cannot parse <quoted> here"},
		{`cannot parse "John Smith`, "cannot parse <quoted>"},
		{"cannot parse 'John Smith' here", "cannot parse <quoted> here"},
		{`{"user":"john","id":4}`, `{<quoted>:<quoted>,<quoted>:<number>}`},
		{`john"@"example.com`, "<token>"},
		{"can't connect to db.example.com", "can't connect to <token>"},
		{"java.lang.NullPointerException", "java.lang.NullPointerException"},
		{"caught NullPointerException in OrderService", "caught NullPointerException in OrderService"},
		{"eyJhbGciOiJIUzI1NiJ9.e30.x", "<token>.<token>.x"},
		{"xKjQpLmZtRwBvNc", "<token>"},
		{"error: AKIATAYNKEDBCEXAMPLE", "error: <token>"},
		{"tab\tand\x00nul\x1b[31m", "tab and nul [<number>"},
		{"bad \xff utf", "bad <token> utf"},
		{"", ""},
		{"  ", ""},
		{"@", "<email>"},
		{"<email> 7", "<email> <number>"},
		{"call ٠٧٠١٢٣٤٥٦٧", "call <number>"},
		{strings.Repeat("word ", 100), strings.TrimRight(strings.Repeat("word ", 24), " ")},
	} {
		if got := string(rules.Form(nil, []byte(test.key))); got != test.want {
			t.Errorf("Form(%q)\n got %s\nwant %s", test.key, got, test.want)
		}
	}
	if got := string(rules.Form([]byte("x 1 "), []byte("a 2"))); got != "x 1 a <number>" {
		t.Errorf("appended: %q", got)
	}
}

// checkForm tests what holds for the form of anything.
func checkForm(t *testing.T, key []byte) string {
	t.Helper()
	form := rules.Form(nil, key)
	if len(form) > 120 || !utf8.Valid(form) {
		t.Errorf("Form(%q) = %q: too long or no UTF-8", key, form)
	}
	for _, r := range string(form) {
		if unicode.IsNumber(r) || unicode.IsControl(r) || strings.ContainsRune("@%\\&\"`", r) || r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsMark(r) {
			t.Errorf("Form(%q) = %q holds %q", key, form, r)
		}
	}
	if again := rules.Form(nil, form); string(again) != string(form) {
		t.Errorf("Form(%q)\n  = %q, but its form is\n    %q", key, form, again)
	}
	return string(form)
}

// disguises are ways to write an address or number that a reader or another program would undo.
var disguises = []func(string) string{
	func(s string) string { return s },
	strings.ToUpper,
	func(s string) string { return strings.ReplaceAll(s, "@", "%40") },
	func(s string) string { return strings.ReplaceAll(s, "@", "%2540") },
	func(s string) string { return strings.ReplaceAll(s, "@", `\u0040`) },
	func(s string) string { return strings.ReplaceAll(s, "@", `\x40`) },
	func(s string) string { return strings.ReplaceAll(s, "@", "&#64;") },
	func(s string) string { return strings.ReplaceAll(s, "@", "&commat;") },
	func(s string) string { return strings.ReplaceAll(s, "@", "＠") },
	func(s string) string { return strings.ReplaceAll(s, "@", "﹫") },
	func(s string) string { return strings.ReplaceAll(s, "@", " @ ") },
	func(s string) string { return strings.ReplaceAll(s, "@", "(at)") },
	func(s string) string { return strings.ReplaceAll(s, "@", "\u200b@\u200b") },
	func(s string) string { return strings.ReplaceAll(s, "@", "\x00@") },
	func(s string) string { return strings.ReplaceAll(s, "a", "a\u200d") },
	func(s string) string { return strings.ReplaceAll(s, "@", "\xc0\x80@") },
	func(s string) string { return "<" + s + ">" },
	func(s string) string { return "to:" + s },
	func(s string) string { return "mailto:" + s + "," },
	func(s string) string { return `"` + s + `"` },
	func(s string) string { return "'" + s + "'" },
	func(s string) string { return "id=" + s + ";" },
	func(s string) string { return "/u/" + s + "/x" },
	func(s string) string { return strings.Map(fullWidth, s) },
}

func fullWidth(r rune) rune {
	if r > ' ' && r < 0x7f {
		return r + 0xfee0
	}
	return r
}

// planted are identifiers, each with the part that must not be seen in any form.
var planted = []struct{ text, part string }{
	{"anna.larsson@example.com", "larsson"},
	{"x_y-z+tag@mail.example.org", "example"},
	{"+46701234567", "4670"},
	{"19850101-1234", "1985"},
	{"4111111111111111", "4111"},
	{"123e4567-e89b-12d3-a456-426614174000", "e89b"},
	{"192.0.2.44", "192"},
	{"2001:db8::ff00:42:8329", "db8"},
	{"7f3a9b2cd1", "9b2c"},
	{"hunter2", "hunter2"},
	{"2019-09-24T10:00:00Z", "2019"},
}

func TestFormHidesPlanted(t *testing.T) {
	for _, p := range planted {
		for i, disguise := range disguises {
			for _, around := range []string{"%s", "user %s failed", "Login by %s, from %s.", "x-%s-y", "%s%s", "order failed: %s"} {
				key := strings.ReplaceAll(around, "%s", disguise(p.text))
				form := strings.ToLower(checkForm(t, []byte(key)))
				if strings.Contains(form, p.part) || strings.Contains(form, strings.Map(fullWidth, p.part)) {
					t.Errorf("disguise %d: Form(%q) = %q shows %s", i, key, form, p.part)
				}
			}
		}
	}
}

func FuzzForm(f *testing.F) {
	for _, p := range planted {
		f.Add([]byte("user "+p.text+" failed"), uint8(3))
	}
	for _, s := range []string{"John Smith's 'thing' can't", "a=b;c:\"d\" <word>", "“x y” «z»", "it's 'x", "www.a.b (c)", "a..b e.f", "\xff\xfe", "Ⅷ ① ４", "a\u0301 \u0301b"} {
		f.Add([]byte(s), uint8(0))
	}
	f.Fuzz(func(t *testing.T, key []byte, which uint8) {
		checkForm(t, key)
		p := planted[int(which)%len(planted)]
		// Between two gaps an identifier stands for itself, whatever is around it.
		if form := checkForm(t, append(append(key, ' '), disguises[int(which)%len(disguises)](p.text)...)); strings.Contains(form, p.part) && !strings.Contains(string(key), p.part) {
			t.Errorf("Form(%q …) = %q shows %s", key, form, p.part)
		}
	})
}

func BenchmarkForm(b *testing.B) {
	for _, bench := range []struct{ name, key string }{
		{"sentence", "Failed to charge John Smith for order 123456: connection refused by 10.0.0.1"},
		{"key", "Order-Sync-Failed-7f3a9b2c"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var dst []byte
			key := []byte(bench.key)
			b.ReportAllocs()
			for b.Loop() {
				dst = rules.Form(dst[:0], key)
			}
		})
	}
}
