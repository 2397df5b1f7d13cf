package keyring

// Parse lets tests read a key file's content without a file.
var Parse = parse

// RawMAC is HMAC-SHA-256 of message alone, uncut, to compare with published vectors.
func RawMAC(secret, message []byte) [32]byte {
	h := newHasher(&key{secret: keep(secret)})
	h.reveal().in = []byte{}
	h.reveal().mac("", message)
	return h.reveal().sum
}
