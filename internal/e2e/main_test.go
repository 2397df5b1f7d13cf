//go:build e2e

package e2e

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// parts are what all tests share. TestMain sets them up before the first test and nothing changes
// them afterwards.
type parts struct {
	root    string // of the repository
	program string // the built logproc
	kafka   string // the broker's plain listener
	sasl    string // its listener with SASL
	tls     string // its listener with TLS
	ca      string // file of the authority behind the TLS listener

	broker func(command string) (string, error) // calls broker.sh for this broker
}

var shared parts

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "logproc-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if shared.root, err = filepath.Abs("../.."); err != nil {
		return 0, err
	}
	shared.program = filepath.Join(dir, "logproc")
	build := exec.Command("go", "build", "-o", shared.program, "./cmd/logproc")
	build.Dir = shared.root
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	stop, err := startKafka(filepath.Join(dir, "kafka"))
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

// startKafka starts a broker of its own at free ports.
func startKafka(data string) (stop func(), err error) {
	ports, err := freePorts(4)
	if err != nil {
		return nil, err
	}
	shared.broker = func(command string) (string, error) {
		c := exec.Command(filepath.Join(shared.root, "deploy/kafka/broker.sh"), command)
		c.Env = append(os.Environ(), "KAFKA_DATA="+data, fmt.Sprintf("KAFKA_PORT=%d", ports[0]),
			fmt.Sprintf("KAFKA_CONTROLLER_PORT=%d", ports[1]), fmt.Sprintf("KAFKA_SASL_PORT=%d", ports[2]),
			fmt.Sprintf("KAFKA_TLS_PORT=%d", ports[3]))
		c.Stderr = os.Stderr
		out, err := c.Output()
		return strings.TrimSpace(string(out)), err
	}
	shared.kafka, err = shared.broker("start")
	if err != nil {
		return nil, fmt.Errorf("start Kafka: %w", err)
	}
	shared.sasl = address(ports[2])
	shared.tls = address(ports[3])
	shared.ca = filepath.Join(data, "tls", "ca.pem")
	return func() {
		if _, err := shared.broker("stop"); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: stop Kafka:", err)
		}
	}, nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts gives TCP ports of loopback that nobody listens on just now. They are below the range that
// the system takes for outgoing connections: else a client that tries to reach a broker that is down
// could be given the broker's own port.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range 1000 {
		l, err := net.Listen("tcp", address(20_000+rand.IntN(10_000)))
		if err != nil {
			continue // taken
		}
		defer l.Close()
		if ports = append(ports, l.Addr().(*net.TCPAddr).Port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, errors.New("no free ports from 20000 to 29999")
}

func freePort(t *testing.T) int {
	t.Helper()
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return ports[0]
}
