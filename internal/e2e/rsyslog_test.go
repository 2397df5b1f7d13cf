//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Lines handed to a real rsyslog, as logger and applications hand them over, arrive as counts. Lines with
// the @cee cookie are shipped with their syslog header, the others as the message alone.
func TestRsyslogShipsToCounts(t *testing.T) {
	topic := newTopic(t, 2)
	r := startRsyslog(t, topic)
	line := func(msg string) string {
		return fmt.Sprintf(`{"service":"shop","env":"prod","level":"warning","msg":%q}`, msg)
	}
	must(t, nil, "logger", "-u", r.socket, "-t", "shop", line("order-by-socket"))
	must(t, nil, "logger", "-u", r.socket, "-t", "shop", "@cee: "+line("order-by-socket-cee"))
	send(t, "tcp", r.tcp, "<14>Mar  1 12:00:00 node-1 shop[7]: @cee: "+line("order-by-tcp-cee")+"\n")
	send(t, "tcp", r.tcp, "<14>1 2026-03-01T12:00:00.5Z node-1 shop 7 - - "+line("order-by-tcp")+"\n")
	send(t, "udp", r.udp, "<14>Mar  1 12:00:00 node-1 shop[7]: "+line("order-by-udp"))
	r.appendFile(t, line("order-by-file")+"\n")
	want := make(map[series]uint64)
	for _, msg := range []string{"order-by-socket", "order-by-socket-cee", "order-by-tcp-cee", "order-by-tcp",
		"order-by-udp", "order-by-file"} {
		want[series{msg, "shop", "warning"}] = 1
	}

	d := newDeployment(t, topic)
	run := d.start()
	d.counted(run, uint64(len(want)), 30*time.Second)
	terminate(t, run)
	compare(t, d.totals(), want)
}

// rsyslog is a running rsyslogd with inputs of its own.
type rsyslog struct {
	socket, tcp, udp, file string
}

func startRsyslog(t *testing.T, topic string) rsyslog {
	t.Helper()
	// Socket paths are limited to 107 bytes, which a test's own folder can exceed.
	dir, err := os.MkdirTemp("", "rsyslog-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	tcp, udp := freePort(t), freePort(t)
	r := rsyslog{socket: filepath.Join(dir, "log"), tcp: address(tcp), udp: address(udp), file: filepath.Join(dir, "app.log")}
	if err := os.WriteFile(r.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`
global(workDirectory=%[1]q)
module(load="imuxsock" SysSock.Use="off")
module(load="imtcp")
module(load="imudp")
module(load="imfile" mode="inotify")
module(load="omkafka")
input(type="imuxsock" Socket=%[2]q)
input(type="imtcp" address="127.0.0.1" port="%[3]d")
input(type="imudp" address="127.0.0.1" port="%[4]d")
input(type="imfile" File=%[5]q Tag="app:")
template(name="whole" type="string" string="%%TIMESTAMP%% %%HOSTNAME%% %%syslogtag%%%%msg%%")
template(name="message" type="string" string="%%msg%%")
if $msg contains "@cee:" then {
  action(type="omkafka" topic=%[6]q broker=[%[7]q] template="whole" partitions.auto="on" resubmitOnFailure="on")
} else if $syslogtag startswith "rsyslogd" then {
  action(type="omfile" file=%[8]q)
} else {
  action(type="omkafka" topic=%[6]q broker=[%[7]q] template="message" partitions.auto="on" resubmitOnFailure="on")
}
`, dir, r.socket, tcp, udp, r.file, topic, shared.kafka, filepath.Join(dir, "own.log"))
	conf := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "rsyslogd", "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	eventually(t, 20*time.Second, "start rsyslog", func() error {
		if !p.running() {
			t.Fatalf("rsyslogd ended:\n%s", tail(p.text(), 20))
		}
		c, err := net.Dial("tcp", r.tcp)
		if err != nil {
			return err
		}
		c.Close()
		_, err = os.Stat(r.socket)
		return err
	})
	return r
}

func (r rsyslog) appendFile(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile(r.file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, network, address, text string) {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}
