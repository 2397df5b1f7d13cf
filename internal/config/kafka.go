package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// passwordVariable is read where neither password nor password_file is given.
const passwordVariable = "LOGPROC_KAFKA_PASSWORD"

// KafkaTLS gives the TLS settings of the connections to Kafka, nil for none.
func (c *Config) KafkaTLS() (*tls.Config, error) {
	t := c.Kafka.TLS
	if !t.Enabled {
		return nil, nil
	}
	out := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(c.Path(t.CA))
		if err != nil {
			return nil, fmt.Errorf("read kafka.tls.ca: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read kafka.tls.ca: %s: it holds no certificate, expected PEM blocks CERTIFICATE", c.Path(t.CA))
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Path(t.Cert), c.Path(t.Key))
		if err != nil {
			return nil, fmt.Errorf("read kafka.tls.cert and kafka.tls.key: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// KafkaSASL gives the authentication to Kafka, nil for none. Errors never hold the password.
func (c *Config) KafkaSASL(getenv func(string) string) (sasl.Mechanism, error) {
	s := c.Kafka.SASL
	if s.Mechanism == "" {
		return nil, nil
	}
	password := s.Password
	if s.PasswordFile != "" {
		data, err := os.ReadFile(c.Path(s.PasswordFile))
		if err != nil {
			return nil, fmt.Errorf("read kafka.sasl.password_file: %w", err)
		}
		password = strings.TrimRight(string(data), "\r\n")
	}
	if password == "" {
		password = getenv(passwordVariable)
	}
	if password == "" {
		return nil, errors.New("kafka.sasl: no password, expected one in kafka.sasl.password_file, kafka.sasl.password or the environment variable " + passwordVariable)
	}
	switch s.Mechanism {
	case "plain":
		return plain.Mechanism{Username: s.User, Password: password}, nil
	case "scram-sha-256":
		return scramMechanism(scram.SHA256, s.User, password)
	default:
		return scramMechanism(scram.SHA512, s.User, password)
	}
}

func scramMechanism(algorithm scram.Algorithm, user, password string) (sasl.Mechanism, error) {
	m, err := scram.Mechanism(algorithm, user, password)
	if err != nil {
		return nil, errors.New("kafka.sasl: user or password hold characters that SCRAM does not allow (RFC 4013)")
	}
	return m, nil
}
