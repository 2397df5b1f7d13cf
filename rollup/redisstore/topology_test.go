//go:build e2e

package redisstore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/redisstore"
	"github.com/logproc/logproc/rollup/storetest"
)

func TestCluster(t *testing.T) {
	for name, find := range programs {
		t.Run(name, func(t *testing.T) {
			nodes := startCluster(t, find)
			var stores int
			storetest.Run(t, func(t *testing.T) (rollup.Store, func() rollup.Store) {
				stores++
				url := fmt.Sprintf("redis+cluster://%s,%s?prefix=store-%d", nodes[0].Addr(), nodes[1].Addr(), stores)
				s := open(t, url, redisstore.Options{})
				return s, func() rollup.Store {
					s = open(t, url, redisstore.Options{})
					return s
				}
			})
			wantError(t, errorOf(t, "redis://"+nodes[0].Addr(), redisstore.Options{}), "use redis+cluster://")
		})
	}
}

func startCluster(t *testing.T, find func() (string, error), args ...string) []*testredis.Server {
	t.Helper()
	program, err := find()
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := testredis.StartCluster(program, t.TempDir(), 3, args...)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes {
		t.Cleanup(node.Kill)
	}
	return nodes
}

// TestClusterIsDown has the servers end and come back: commits fail meanwhile, and go on without a restart.
func TestClusterIsDown(t *testing.T) {
	nodes := startCluster(t, testredis.Redis, "--appendonly", "yes", "--appendfsync", "always")
	s := open(t, "redis+cluster://"+nodes[0].Addr(), redisstore.Options{})
	fence := claim(t, s).Fence
	wantResult(t, s, step(fence, 0, 10), rollup.Committed, 10)
	for _, node := range nodes {
		node.Kill()
	}
	_, err := s.Commit(t.Context(), step(fence, 10, 20))
	wantError(t, err, "; ")
	for _, node := range nodes {
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range nodes {
		if err := node.Await("cluster_state:ok", "CLUSTER", "INFO"); err != nil {
			t.Fatal(err)
		}
	}
	again(t, s, step(fence, 10, 20), rollup.Committed, 20)
	wantTotal(t, s, 20)
}

// TestFailover has the master of a Sentinel end: the store goes on at the replica without a restart, and
// from what the replica has.
func TestFailover(t *testing.T) {
	master := start(t, testredis.Redis)
	replica := start(t, testredis.Redis, "--replicaof", "127.0.0.1", portOf(master))
	if err := replica.Await("master_link_status:up", "INFO", "replication"); err != nil {
		t.Fatal(err)
	}
	program, err := testredis.Redis()
	if err != nil {
		t.Fatal(err)
	}
	watch, err := testredis.StartSentinel(program, t.TempDir(), master)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watch.Kill)
	if err := watch.Await("slaves=1", "INFO", "sentinel"); err != nil {
		t.Fatal(err)
	}
	s := open(t, "redis+sentinel://127.0.0.1:1,"+watch.Addr()+"/main/0", redisstore.Options{})
	fence := claim(t, s).Fence
	wantResult(t, s, step(fence, 0, 10), rollup.Committed, 10)
	if err := replica.Await(`"offset":10`, "GET", "logproc:{0:logs}:state"); err != nil {
		t.Fatal(err)
	}
	// A copy of what the replica has now is what it will have then: it misses all that comes later.
	call(t, replica, "REPLICAOF", "NO", "ONE")
	wantResult(t, s, step(fence, 10, 20), rollup.Committed, 20)
	master.Kill()
	call(t, replica, "REPLICAOF", "127.0.0.1", portOf(master))
	if err := watch.Await("address=127.0.0.1:"+portOf(replica), "INFO", "sentinel"); err != nil {
		t.Fatal(err)
	}
	if err := replica.Await("role:master", "INFO", "replication"); err != nil {
		t.Fatal(err)
	}
	again(t, s, step(fence, 20, 30), rollup.Behind, 10)
	wantResult(t, s, step(claim(t, s).Fence, 10, 30), rollup.Committed, 30)
	wantTotal(t, s, 30)
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ca, cert, key := certificate(t, dir)
	ports, err := testredis.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	start(t, testredis.Redis, "--tls-port", fmt.Sprint(ports[0]), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca,
		"--tls-auth-clients", "yes")
	url := fmt.Sprintf("rediss://127.0.0.1:%d/1?ca=%s", ports[0], ca)
	own := "&cert=" + cert + "&key=" + key
	s := open(t, url+own, redisstore.Options{})
	wantResult(t, s, step(claim(t, s).Fence, 0, 10), rollup.Committed, 10)
	wantError(t, errorOf(t, url+own+"&server_name=other.example.org", redisstore.Options{}), "check the Redis server's certificate")
	wantError(t, errorOf(t, fmt.Sprintf("rediss://127.0.0.1:%d", ports[0]), redisstore.Options{}), "check the Redis server's certificate")
	wantError(t, errorOf(t, fmt.Sprintf("redis://127.0.0.1:%d", ports[0]), redisstore.Options{}), "rediss://")
	errorOf(t, url, redisstore.Options{}) // without a certificate of our own
}

// certificate makes an authority and a certificate of 127.0.0.1, for both sides.
func certificate(t *testing.T, dir string) (ca, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	private8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert = write("cert.pem", "CERTIFICATE", der)
	return cert, cert, write("key.pem", "PRIVATE KEY", private8)
}

func TestSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "redis") // short: the path of a socket has a limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	start(t, testredis.Redis, "--unixsocket", socket)
	s := open(t, "redis+unix://"+socket, redisstore.Options{})
	wantResult(t, s, step(claim(t, s).Fence, 0, 10), rollup.Committed, 10)
}
