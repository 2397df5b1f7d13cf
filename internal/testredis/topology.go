package testredis

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Call sends one command, without blanks in its words, and gives the first line of the answer, or the text
// when that is what it tells the length of. An error of the server is an error.
func (s *Server) Call(words ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(startLimit)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n", strings.Join(words, " ")); err != nil {
		return "", err
	}
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	switch {
	case strings.HasPrefix(line, "-"):
		return "", fmt.Errorf("%s: %s", words[0], line[1:])
	case strings.HasPrefix(line, "$"):
		n, err := strconv.Atoi(line[1:])
		if err != nil || n < 0 {
			return "", err
		}
		text := make([]byte, n)
		for read := 0; read < n; {
			k, err := answer.Read(text[read:])
			if read += k; err != nil {
				return "", err
			}
		}
		return string(text), nil
	}
	return line, nil
}

// Await calls a command until its answer holds a text.
func (s *Server) Await(text string, words ...string) error {
	var answer string
	var err error
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if answer, err = s.Call(words...); err == nil && strings.Contains(answer, text) {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("%v: no %q in the answer", words, text), err)
}

// slots of a cluster.
const slots = 16384

// StartCluster starts n masters that share the slots of a cluster. The caller stops each.
func StartCluster(program, dir string, n int, args ...string) (nodes []*Server, err error) {
	defer func() {
		if err != nil {
			for _, node := range nodes {
				node.Kill()
			}
		}
	}()
	for i := range n {
		own := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return nodes, fmt.Errorf("start a cluster: %w", err)
		}
		node, err := Start(program, own, append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000"}, args...)...)
		if err != nil {
			return nodes, err
		}
		nodes = append(nodes, node)
		first, last := i*slots/n, (i+1)*slots/n-1
		if _, err := node.Call("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last)); err != nil {
			return nodes, err
		}
		if _, err := node.Call("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1)); err != nil {
			return nodes, err
		}
		if _, err := nodes[0].Call("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(node.Port)); err != nil {
			return nodes, err
		}
	}
	for _, node := range nodes {
		if err := node.Await("cluster_state:ok", "CLUSTER", "INFO"); err != nil {
			return nodes, err
		}
	}
	return nodes, nil
}

// StartSentinel starts a Sentinel that watches master under the name "main" and alone decides on a failover,
// a second after the master's end.
func StartSentinel(program, dir string, master *Server) (*Server, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor main 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 10000\n", ports[0], dir, master.Port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("start a Sentinel: %w", err)
	}
	s := &Server{Port: ports[0], Dir: dir, program: program}
	return s, s.run([]string{file, "--sentinel"})
}
