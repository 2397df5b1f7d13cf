package detect_test

import "testing"

// TestAssignments: signs, quotes, gaps and lines between a key and its secret, and words behind the key.
func TestAssignments(t *testing.T) {
	cases{
		{"password := Zq7xaaTT n=1", "password := <secret> n=1"},
		{`Password := "Zq7xaaTT"`, `Password := "<secret>"`},
		{"password==> Zq7xaaTT", "password==> <secret>"},
		{"password->Zq7xaaTT", "password-><secret>"},
		{":password=>'Zq7xaaTT'", ":password=>'<secret>'"},
		{"password\t=\tZq7xaaTT", "password\t=\t<secret>"},
		{"secret      : Zq7xaaTT", "secret      : <secret>"},
		{"password: “Zq7xaaTT” x", "password: <secret> x"},
		{"password:\n  Zq7xaaTT\nnext: 1", "password:\n  <secret>\nnext: 1"},
		{"password: |\n  Zq7xaaTT\n  more\nnext: 1", "password: |\n  <secret>\nnext: 1"},
		{"secret:\n  name: db\n", ""},
		{"bad token:\n\tat com.example.Main.main", ""},
		{`cfg["password"] = "Zq7xaaTT"; cfg[:secret] = 'Zq7xaaTT'`, `cfg["password"] = "<secret>"; cfg[:secret] = '<secret>'`},
		{`["password"]=> string(8) "Zq7xaaTT" }`, `["password"]=> string(8) "<secret>" }`},
		{"if password == hunter22", ""},
		{"ALTER USER x PASSWORD 'Zqxaaaaa' x", "ALTER USER x PASSWORD '<secret>' x"},
		{"create user x identified by 'Zq7xaaTT'", "create user x identified by '<secret>'"},
		{"token 'x' unexpected, token 'abcdef' too", ""},
		{"passwordConfirmation=Zq7xaaTT9 SECRET_KEY_BASE=Zq7xaaTT9", "passwordConfirmation=<secret> SECRET_KEY_BASE=<secret>"},
		{"otpCode=482913 token_2=Zq7xaaTT", "otpCode=<otp> token_2=<secret>"},
		{"passwordExpired=Zq7xaaTT tokenCount=12345 keyNumber=12345", ""},
		{`Authorization: Digest username="u", response="3yzLCCSc7WfT" rejected`, "Authorization: Digest <secret> rejected"},
		{"Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20190924/eu/s3/aws4_request, SignedHeaders=host;x, Signature=xP97tcJbNh ok",
			"Authorization: AWS4-HMAC-SHA256 <secret> ok"},
		{"auth Bearer: JXJAqC4UdQn5iPxiwn4JtGa6mYQphPgQ", "auth Bearer: <secret>"},
		{"aws secret K+dFGbTNY2lPtn8zpAtdGdnUblrRE0EXAMPLEKEY", "aws secret <secret>"},
		{"AWS secret access key is zR0cixAkAR1OTRaK3uQRFnTNNS7UF6EXAMPLEKEY", "AWS secret access key is <secret>"},
		{"password is Zq7xaaTTx9, the password is expired", "password is <secret>, the password is expired"},
		{"api key: ZqhQSJA2k27, access key = ZqhQSJA2k27, primary key: 12345678", "api key: <secret>, access key = <secret>, primary key: 12345678"},
		{"OTP code: 482913, your code is 886315, error code 886315", "OTP code: <otp>, your code is <otp>, error code 886315"},
		{"token refresh of ConnectionPool1WithRetries done", ""},
		{"puk: blocked, otp: enabled, pin: ok, cookie: accepted", ""},
		{"password=null token=undefined pass=true apiKey: null", ""},
	}.run(t, 0, true)
}

// TestWrittenTogether: numbers and addresses that are glued to signs, files and other words.
func TestWrittenTogether(t *testing.T) {
	cases{
		{"user_siobhan.b@example.org_x", "<email>_x"},
		{"saved siobhan.b@example.org.pdf ok", "saved <email>.pdf ok"},
		{"siobhan.b@example.org_2019.csv siobhan.b@example.org-archive", "<email>_2019.csv <email>-archive"},
		{"icon@2x.min.js logo@dark.theme.css", ""},
		{"%B4111111111111111^BERGSTRAND/S^2512101? ok", "%B<card>? ok"},
		{"ni GY-12-34-56-B, ZR 123456 A, AB 123456C, AB 123 456 C", "ni <nino>, <nino>, <nino>, <nino>"},
		{"by 123456 a day, AB-12-34-56-E", ""},
		{"x #033[31m203.0.113.5#033[0m y ^[[31m4000941868357341^[[0m", "x #033[31m<ip> y ^[[31m<card>"},
		{"ref:2001:db8::393a iface:fe80::1ff:fe23:41cf ref:00:00:5E:00:53:CD", "ref:<ip> iface:<ip> ref:<mac>"},
		{"v=203.0.113.49 end", "v=<ip> end"},
		{"probing redis://ingest:Ny5qTc4WLX", "probing redis://ingest:<url_password>"},
		{"probing redis://cache:6379", ""},
		{"lat 61.560424", "lat <geo>"},
		{"fnr 7888340755", "fnr <fodselsnummer>"},
		{"tel +46-(0)70-174 06 05", "tel <phone>"},
		{"mob.nr 0701740605, mob 070-174 06 05, tlf.nr. 91234567", "mob.nr <phone>, mob <phone>, tlf.nr. <phone>"},
		{"pers.nr 196110109979, f.nr. 22015465089, birth number 66115955412", "pers.nr <personnummer>, f.nr. <fodselsnummer>, birth number <fodselsnummer>"},
		{"0701740605 is my phone, siobhan.b%u0040example.org siobhan.b&#64example.org", "<phone> is my phone, <email> <email>"},
		{"phone numbers migrated: 1234567, mobile users 242218 total, phone model 183901", ""},
		{"point 3.14 2.71, position 12.5 2.25", ""},
		{"position 59.329323, 18.068581", "position <geo>, <geo>"},
	}.run(t, 0, true)
}
