package detect

// longestQualifier bounds the words that are looked up.
const longestQualifier = 13

// Qualifier says whether a word, in lower case, at the end of a key leaves what the key names as it is:
// phone_work is a phone, passwordConfirmation a password. Words that make something else of it, such as the
// count and the length of a password, the model of a phone or the id of a token, are none. Numbers are, with
// or without a v before them.
func Qualifier(word []byte) bool {
	if len(word) == 0 || len(word) > longestQualifier {
		return false
	}
	switch string(word) {
	case "number", "numbers", "num", "no", "nr", "nbr", "nummer", "value", "values", "val", "string", "str", "text", "txt", "raw", "plain",
		"plaintext", "clear", "cleartext", "input", "new", "old", "current", "cur", "previous", "prev", "original", "orig",
		"confirm", "confirmation", "confirmed", "repeat", "repeated", "again", "retype", "verify", "list", "array", "from", "to",
		"home", "work", "office", "private", "personal", "business", "primary", "secondary", "main", "alt", "alternative", "other", "emergency",
		"us", "uk", "se", "dk", "fi", "de", "eu", "intl", "international", "national", "local", "e164", "hex", "base", "b64", "base64",
		"enc", "encoded", "encrypted", "header", "a", "b", "deg", "degree", "degrees", "decimal", "iso", "last", "full",
		"temp", "tmp", "temporary", "initial", "prod", "production", "staging", "backup", "kund", "kunde", "customer", "user":
		return true
	}
	if word[0] == 'v' && len(word) > 1 {
		word = word[1:]
	}
	return digitsEnd(word, 0) == len(word)
}
