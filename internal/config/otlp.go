package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// OTLP is about the export of interesting requests as OpenTelemetry spans.
type OTLP struct {
	Endpoint    string        `yaml:"endpoint" help:"receiver of interesting requests as OpenTelemetry spans: http://HOST:PORT, https://, grpc:// or grpcs://; empty for none"`
	HeadersFile string        `yaml:"headers_file" help:"file with headers that the receiver asks for, one NAME: VALUE a line; they are secrets and have no key here"`
	CA          string        `yaml:"ca" help:"file with the certificate authorities to trust (PEM), for https and grpcs; without it the system's"`
	Timeout     time.Duration `yaml:"timeout" help:"how long the receiver may take to answer; after it the same spans are sent again"`
	Queue       int           `yaml:"queue" help:"requests that may wait to be sent; a further one is not exported, but counted"`
}

func defaultOTLP() OTLP { return OTLP{Timeout: 10 * time.Second, Queue: 1024} }

func (o *OTLP) check(doc report) {
	const expected = "http://HOST:PORT, https://, grpc:// or grpcs://"
	if o.Endpoint != "" {
		// Not quoted: it may hold a password.
		u, err := url.Parse(o.Endpoint)
		switch {
		case err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
			doc.Add("otlp.endpoint", "it is no URL of a receiver", expected)
		case u.User != nil:
			doc.Add("otlp.endpoint", "it holds a user or password", "those in otlp.headers_file")
		case u.Scheme == "http" || u.Scheme == "https":
		case u.Scheme != "grpc" && u.Scheme != "grpcs":
			doc.Add("otlp.endpoint", fmt.Sprintf("%q is no protocol that is supported", u.Scheme), expected)
		case strings.Trim(u.Path, "/") != "":
			doc.Add("otlp.endpoint", "it has a path, which gRPC has none of", "grpc://HOST:PORT")
		}
	}
	if o.Timeout <= 0 {
		doc.Add("otlp.timeout", fmt.Sprintf("%s is no span of time to wait", o.Timeout), "more than 0s")
	}
	const most = 1 << 20
	if o.Queue < 1 || o.Queue > most {
		doc.Add("otlp.queue", fmt.Sprintf("%d is out of range", o.Queue), fmt.Sprintf("1 to %d", most))
	}
}

// OTLPTLS gives the TLS settings of the connection to the OTLP receiver; nil for the system's.
func (c *Config) OTLPTLS() (*tls.Config, error) {
	if c.OTLP.CA == "" {
		return nil, nil
	}
	path := c.Path(c.OTLP.CA)
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read otlp.ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read otlp.ca: %s: it holds no certificate, expected PEM blocks CERTIFICATE", path)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// OTLPHeaders gives the headers for the OTLP receiver; nil for none. Errors never hold what is in the file, but for
// the number of the line.
func (c *Config) OTLPHeaders() (map[string]string, error) {
	if c.OTLP.HeadersFile == "" {
		return nil, nil
	}
	path := c.Path(c.OTLP.HeadersFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read otlp.headers_file: %w", err)
	}
	headers := make(map[string]string)
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || value == "" || !isToken(name) {
			return nil, fmt.Errorf("read otlp.headers_file: %s:%d: it is no header, expected NAME: VALUE", path, number)
		}
		headers[name] = value
	}
	return headers, nil
}

// isToken reports whether a text is made of what names of headers are made of.
func isToken(name string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	return !strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(allowed, r) })
}
