// Package detect finds personal data and secrets in plain text.
//
// One pass over the bytes with a table stops only at anchors: '@', the first digit of a run, ':' and
// '=', "eyJ", "AKIA", "-----BEGIN" and a few more. At an anchor a validator reads what stands around it
// and applies the published rules of that kind of number: Luhn, issuer and length for cards, mod 97 and
// the country's length for IBAN, dates and check digits for national numbers, a JSON header for a JWT.
// Kinds that look like any other number (national phone formats, IMSI, bare identity numbers) count only
// with evidence: a hint from the field's key, or a word beside them.
//
// The text may be any bytes. Every validator looks a bounded distance back and moves the pass forward by
// what it has read, so the time is linear in the text. Nothing is allocated once a Scanner's buffers have
// grown to the texts it sees. The package imports nothing else of logproc, and does no I/O.
//
// Start reading at Scanner.Find, then digits.go (numbers), assign.go (key=value) and view.go (encodings).
package detect
