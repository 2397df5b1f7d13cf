//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"testing"
	"time"
)

// mailServer is Exim with a spool and a configuration of its own: STARTTLS and authentication for whoever wants to
// send, and a file for each recipient.
type mailServer struct {
	t                       *testing.T
	dir, address, ca, certs string
	port                    int
}

// newMailServer prepares a server without starting it.
func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	dir, err := os.MkdirTemp("", "exim-") // a test's own folder is closed to the user that Exim becomes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &mailServer{t: t, dir: dir, port: freePort(t), ca: filepath.Join(dir, "cert.pem")}
	m.address = address(m.port)
	must(t, nil, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=mail test",
		"-addext", "subjectAltName=IP:127.0.0.1", "-keyout", filepath.Join(dir, "key.pem"), "-out", m.ca)
	who := "Debian-exim"
	if os.Getuid() != 0 {
		me, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		who = me.Username
	}
	config := fmt.Sprintf(`
primary_hostname = mail.test
spool_directory = %[1]s/spool
log_file_path = %[1]s/log-%%slog
exim_user = %[2]s
exim_group = %[2]s
keep_environment =
host_lookup =
rfc1413_hosts =
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = %[1]s/cert.pem
tls_privatekey = %[1]s/key.pem
auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept
begin acl
acl_rcpt:
  deny message = log in first
       !authenticated = *
  deny message = no such user
       local_parts = gone
  accept
begin routers
all:
  driver = accept
  local_parts = all : ctrl : platform : shop
  transport = file
begin transports
file:
  driver = appendfile
  file = %[1]s/mail/$local_part_data
  create_directory
  user = %[2]s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{logproc}}{eq{$auth3}{secret}}}}
  server_set_id = $auth2
`, dir, who)
	m.write("exim.conf", config, 0o644)
	m.write("password", "secret\n", 0o600)
	if os.Getuid() == 0 {
		must(t, nil, "chown", "-R", who, dir)
		must(t, nil, "chown", "root", filepath.Join(dir, "exim.conf"))
	}
	return m
}

func (m *mailServer) write(name, text string, mode os.FileMode) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

// start lets it listen.
func (m *mailServer) start() *process {
	m.t.Helper()
	p := start(m.t, "exim4", "-C", filepath.Join(m.dir, "exim.conf"), "-bdf", "-oX", fmt.Sprint(m.port), "-oP", filepath.Join(m.dir, "exim.pid"))
	eventually(m.t, 20*time.Second, "start exim", func() error {
		if !p.running() {
			m.t.Fatalf("exim4 ended:\n%s", tail(p.text(), 20))
		}
		c, err := net.Dial("tcp", m.address)
		if err != nil {
			return err
		}
		return c.Close()
	})
	return p
}

// config gives the summary section of a configuration that sends through the server.
func (m *mailServer) config(lists string) string {
	return fmt.Sprintf(`summary:
  time: "00:00"
  grace: 0s
  to:
%s
  smtp: {address: %q, ca: %q, auth: plain, user: logproc, password_file: %q, from: logproc@example.org, hello: test.example.org}
`, lists, m.address, m.ca, filepath.Join(m.dir, "password"))
}

// mails gives the file of a recipient; empty while there is none.
func (m *mailServer) mails(who string) string {
	b, err := os.ReadFile(filepath.Join(m.dir, "mail", who))
	if err != nil {
		return ""
	}
	return string(b)
}
