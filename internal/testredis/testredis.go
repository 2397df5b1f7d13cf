// Package testredis runs real Redis and Valkey servers on loopback, at free ports and in temporary folders,
// for tests and benchmarks. What it starts it ends.
package testredis

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrMissing: the program is not installed.
var ErrMissing = errors.New("it is not installed: run internal/e2e/install.sh (make e2e does)")

// Redis gives the path of redis-server, 7.0 or later.
func Redis() (string, error) { return find("redis-server") }

// Valkey gives the path of valkey-server, which unlike Debian's Redis can wait for the disk (WAITAOF).
func Valkey() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return find(filepath.Join(cache, "logproc-e2e", "valkey-server"), "valkey-server")
}

func find(names ...string) (string, error) {
	for _, name := range names {
		for _, candidate := range []string{name, "/usr/sbin/" + name} {
			if path, err := exec.LookPath(candidate); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s: %w", filepath.Base(names[0]), ErrMissing)
}

// Server is a server that can be ended and started again with what it has on disk.
type Server struct {
	Port int
	Dir  string // its files: dump.rdb, appendonlydir

	program string
	args    []string
	cmd     *exec.Cmd
	ended   chan struct{}
}

// Start starts a program with its data in dir and further arguments, as in --appendonly yes. The caller stops
// it. Without a --port the server listens at a free one.
func Start(program, dir string, args ...string) (*Server, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	s := &Server{Port: ports[0], Dir: dir, program: program, args: args}
	return s, s.Start()
}

// Addr gives host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// startLimit is how long a server may take until it answers.
const startLimit = 20 * time.Second

// Start starts the server again after Stop or Kill, at the same port.
func (s *Server) Start() error {
	args := append([]string{"--port", strconv.Itoa(s.Port), "--bind", "127.0.0.1", "--dir", s.Dir, "--save", "", "--repl-diskless-sync-delay", "0"}, s.args...)
	return s.run(args)
}

func (s *Server) run(args []string) error {
	log, err := os.OpenFile(filepath.Join(s.Dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(s.program), err)
	}
	defer func() { _ = log.Close() }() // the server has its own
	s.cmd, s.ended = exec.Command(s.program, args...), make(chan struct{})
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = log, log, s.Dir
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(s.program), err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // how it ended is in its log
		close(ended)
	}(s.cmd, s.ended)
	if err := s.await(); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// await waits until the server has loaded its data and answers. A server with TLS only has to be awaited by
// its plain port.
func (s *Server) await() error {
	for deadline := time.Now().Add(startLimit); ; time.Sleep(20 * time.Millisecond) {
		err := s.ping()
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("%s has ended: see server.log in %s", filepath.Base(s.program), s.Dir)
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer: %w", filepath.Base(s.program), err)
		}
	}
}

func (s *Server) ping() error {
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && strings.HasPrefix(line, "-LOADING") {
		err = errors.New("it is loading")
	}
	return err
}

// Stop ends the server as an init system does.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server at once: what it has not written is lost.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Signal sends a signal, as SIGSTOP.
func (s *Server) Signal(signal syscall.Signal) error { return s.cmd.Process.Signal(signal) }

func (s *Server) end(signal syscall.Signal) {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal) // may have ended already
	select {
	case <-s.ended:
	case <-time.After(startLimit):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// FreePorts gives TCP ports of loopback that nobody listens on just now, below the range that the system takes
// for outgoing connections. A cluster's servers also use the port that is 10,000 above.
func FreePorts(n int) ([]int, error) {
	var ports []int
	for range 1000 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(10_000))))
		if err != nil {
			continue // taken
		}
		defer func() { _ = l.Close() }()
		if ports = append(ports, l.Addr().(*net.TCPAddr).Port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, errors.New("no free ports from 10000 to 19999")
}
