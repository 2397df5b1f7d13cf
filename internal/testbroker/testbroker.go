// Package testbroker starts an in-process Kafka broker (franz-go's kfake) for tests and the demo. It
// listens on loopback only and keeps its records in memory.
package testbroker

import (
	"crypto/tls"
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// User is somebody who may log in.
type User struct {
	Mechanism string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Name      string
	Password  string
}

// Options say what the cluster is like. The zero value is one broker without TLS and users.
type Options struct {
	Brokers int
	Topics  map[string]int32 // topics to begin with, and their numbers of partitions
	TLS     bool             // with a certificate made for this cluster: see Broker.ClientTLS
	Users   []User           // with any, clients have to log in
	Kfake   []kfake.Opt      // anything else
}

// Broker is a running cluster.
type Broker struct {
	cluster   *kfake.Cluster
	clientTLS *tls.Config
	users     []User
}

// Start starts a cluster. The caller closes it.
func Start(o Options) (*Broker, error) {
	b := &Broker{users: o.Users}
	opts := []kfake.Opt{kfake.NumBrokers(max(o.Brokers, 1)), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "33554432"})}
	for name, partitions := range o.Topics {
		opts = append(opts, kfake.SeedTopics(partitions, name))
	}
	if o.TLS {
		server, client, err := newCertificate()
		if err != nil {
			return nil, fmt.Errorf("make a certificate: %w", err)
		}
		opts = append(opts, kfake.TLS(server))
		b.clientTLS = client
	}
	if len(o.Users) > 0 {
		opts = append(opts, kfake.EnableSASL())
	}
	for _, u := range o.Users {
		opts = append(opts, kfake.Superuser(u.Mechanism, u.Name, u.Password))
	}
	cluster, err := kfake.NewCluster(append(opts, o.Kfake...)...)
	if err != nil {
		return nil, fmt.Errorf("start the in-process broker: %w", err)
	}
	b.cluster = cluster
	return b, nil
}

// Addrs gives the brokers' addresses.
func (b *Broker) Addrs() []string { return b.cluster.ListenAddrs() }

// ClientTLS gives the configuration that trusts the cluster's certificate; nil without TLS.
func (b *Broker) ClientTLS() *tls.Config { return b.clientTLS }

// Cluster gives kfake's own handle, for faults, leader moves and deletions.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// CreateTopic creates a topic.
func (b *Broker) CreateTopic(name string, partitions int32) error {
	return b.cluster.CreateTopic(name, partitions, nil)
}

// Close stops the cluster; all connections break.
func (b *Broker) Close() { b.cluster.Close() }

// ClientOptions gives what a franz-go client needs to connect.
func (b *Broker) ClientOptions() []kgo.Opt {
	opts := []kgo.Opt{kgo.SeedBrokers(b.Addrs()...)}
	if b.clientTLS != nil {
		opts = append(opts, kgo.DialTLSConfig(b.clientTLS))
	}
	if len(b.users) > 0 {
		opts = append(opts, kgo.SASL(b.users[0].mechanism()))
	}
	return opts
}
