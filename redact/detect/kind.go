package detect

// Kind is one sort of personal data or secret.
type Kind uint8

// The kinds. None is the zero value and never found.
const (
	None          Kind = iota
	Email              // name@example.com
	Phone              // E.164 with '+', or national digits with evidence
	IP                 // IPv4 or IPv6, private ranges too
	Card               // payment card number
	IBAN               // bank account
	Personnummer       // Swedish identity number
	Fodselsnummer      // Norwegian identity number
	NINO               // UK national insurance number
	SSN                // US social security number
	JWT                // JSON web token
	Credential         // what follows Bearer or Basic
	AWSKey             // AWS access key id, or the secret beside one
	PrivateKey         // PEM block
	URLPassword        // password in a URL's user part
	MAC                // hardware address
	IMSI               // SIM identity
	IMEI               // device identity
	Geo                // one coordinate of a position
	Secret             // value of a password, token, key …
	Name               // a person's name, by key only
	Address            // street address, by key only
	BirthDate          // date of birth, by key only
	OTP                // one-time code, PIN, card verification code
	Account            // account identifier, by key only
	Digits             // run of eight or more digits; for labels only
	Custom             // a pattern of the policy; never found here
	kindCount
)

// kindNames are the words used in markers and policy files, by Kind.
var kindNames = [kindCount]string{
	"none", "email", "phone", "ip", "card", "iban", "personnummer", "fodselsnummer", "nino", "ssn", "jwt", "credential",
	"aws_key", "private_key", "url_password", "mac", "imsi", "imei", "geo", "secret", "name", "address", "birth_date",
	"otp", "account", "digits", "custom",
}

// String gives the lower-case word used in markers: <email>, <ip>, <aws_key>.
func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return "unknown"
}

// ParseKind reads the word that String gives; "none" is not one.
func ParseKind(word string) (Kind, bool) {
	for k := Email; k < kindCount; k++ {
		if kindNames[k] == word {
			return k, true
		}
	}
	return None, false
}

// Kinds is a set of kinds.
type Kinds uint64

// AllKinds holds every kind; Digits too, so outputs other than labels take it out with Without.
const AllKinds = Kinds(1<<kindCount - 1<<Email)

// Of gives the set of the kinds.
func Of(kinds ...Kind) Kinds {
	var s Kinds
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

// Has says whether k is in the set.
func (s Kinds) Has(k Kind) bool { return s>>k&1 != 0 }

// Without gives the set less the kinds.
func (s Kinds) Without(kinds ...Kind) Kinds { return s &^ Of(kinds...) }

// wholeValue are the kinds that a key's hint turns into a finding of the whole value.
const wholeValue = Kinds(1<<Secret | 1<<OTP | 1<<Name | 1<<Address | 1<<BirthDate | 1<<Account)

// Span is one finding: text[Start:End] is of this Kind.
type Span struct {
	Start, End int
	Kind       Kind
}

// rank orders kinds that claim the same bytes: the more a validator has proved, the higher.
func (k Kind) rank() int {
	switch k {
	case PrivateKey, JWT, AWSKey, URLPassword:
		return 9
	case Email, IBAN, IP, MAC:
		return 8
	case Credential:
		return 7
	case Card, Personnummer, NINO, SSN:
		return 6
	case IMEI, Fodselsnummer, IMSI:
		return 5
	case Geo, OTP:
		return 4
	case Phone:
		return 3
	case Digits:
		return 1
	default:
		return 2
	}
}
