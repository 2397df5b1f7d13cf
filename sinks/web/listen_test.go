package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/sinks/web"
)

// basicAuth has the user "prometheus" with the password "test", as a bcrypt hash of the lowest cost.
const basicAuth = "basic_auth_users:\n  prometheus: $2a$04$X4lnWNxVNuufG4360ENxyerywpECGlI.Uv7PzudtS5gMWz0eSQ4te\n"

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestListenIsSafeByDefault(t *testing.T) {
	auth := writeFile(t, "auth.yml", basicAuth)
	tests := []struct {
		name    string
		options web.Options
		want    string // part of the error; empty for none
	}{
		{"loopback", web.Options{Listen: "127.0.0.1:0"}, ""},
		{"another loopback", web.Options{Listen: "127.1.2.3:0"}, ""},
		{"localhost", web.Options{Listen: "localhost:0"}, ""},
		{"all addresses", web.Options{Listen: ":9188"}, "listen on 127.0.0.1:9188"},
		{"all addresses, IPv4", web.Options{Listen: "0.0.0.0:0"}, "web.allow_plain"},
		{"all addresses, IPv6", web.Options{Listen: "[::]:0"}, "tls_server_config"},
		{"a password without TLS", web.Options{Listen: "0.0.0.0:0", ConfigFile: auth}, "there is no TLS"},
		{"no port", web.Options{Listen: "127.0.0.1"}, "expected host:port"},
		{"no such file", web.Options{Listen: "127.0.0.1:0", ConfigFile: "/nonexistent/web.yml"}, "web configuration /nonexistent/web.yml"},
		{"a misspelt key", web.Options{Listen: "127.0.0.1:0", ConfigFile: writeFile(t, "typo.yml", "tls_server_konfig: {}\n")}, "tls_server_konfig"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := web.New(test.options)
			if err == nil {
				_ = s.Close()
			}
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestAddressInUse(t *testing.T) {
	first := newServer(t, web.Options{Listen: "127.0.0.1:0"})
	if _, err := web.New(web.Options{Listen: first.Addr().String()}); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error %v", err)
	}
}

// TestTLSAndBasicAuth serves by a configuration file, as deployments do.
func TestTLSAndBasicAuth(t *testing.T) {
	dir := t.TempDir()
	pool := selfSigned(t, dir)
	path := filepath.Join(dir, "web.yml")
	config := "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n" + basicAuth
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.ConfigFile = path
	s := newServer(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}

	if got := get(t, client, "https://"+s.Addr().String()+"/metrics"); !strings.HasPrefix(got, "401 ") {
		t.Errorf("without a password: %q", got)
	}
	if got := get(t, client, "https://prometheus:wrong@"+s.Addr().String()+"/metrics"); !strings.HasPrefix(got, "401 ") {
		t.Errorf("with a wrong one: %q", got)
	}
	if got := get(t, client, "https://prometheus:test@"+s.Addr().String()+"/metrics"); got != "200 up 1\n" {
		t.Errorf("with the right one: %q", got)
	}
	if got := get(t, http.DefaultClient, "http://"+s.Addr().String()+"/metrics"); !strings.HasPrefix(got, "400 ") {
		t.Errorf("without TLS: %q", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// selfSigned writes cert.pem and key.pem for 127.0.0.1 and gives a pool that trusts them.
func selfSigned(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: true}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: encoded}} {
		text := pem.EncodeToMemory(block)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if name == "cert.pem" && !pool.AppendCertsFromPEM(text) {
			t.Fatal("the certificate cannot be read")
		}
	}
	return pool
}
