// Package advice says what to do about errors of a Kafka connection that do not pass by themselves.
package advice

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"github.com/segmentio/kafka-go"
)

// ForConnection gives the advice for errors of login and TLS, which are the same for readers and
// writers, and nothing for others.
func ForConnection(err error) string {
	var code kafka.Error
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var noTLS tls.RecordHeaderError
	switch {
	case errors.As(err, &code):
		return forCode(code)
	case errors.As(err, &certificate), errors.As(err, &unknown), errors.As(err, &host):
		return "check the broker's certificate and the CA given for it"
	case errors.As(err, &noTLS):
		return "the broker's port does not speak TLS: check the port, or leave TLS off"
	}
	return ""
}

func forCode(code kafka.Error) string {
	switch code {
	case kafka.SASLAuthenticationFailed:
		return "check user and password"
	case kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
		return "check which SASL mechanism the broker's port wants"
	}
	return ""
}
