package redisstore

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// timeout is how long a connection, and each answer, may take. A server that needs a second per call works.
const timeout = 5 * time.Second

// connect makes a client; it connects when it is used first.
func (t *target) connect() (redis.UniversalClient, error) {
	tlsConfig, err := t.tlsConfig()
	if err != nil {
		return nil, err
	}
	switch t.topology {
	case sentinel:
		return redis.NewFailoverClient(t.failoverOptions(tlsConfig)), nil
	case cluster:
		return redis.NewClusterClient(t.clusterOptions(tlsConfig)), nil
	}
	return redis.NewClient(t.options(tlsConfig)), nil
}

// The client tries nothing again by itself: whoever commits does, with the same step, and longer. Contexts
// are obeyed. Nothing is sent that no server needs, as each command would have to be permitted.
const noRetries = -1

func (t *target) options(tlsConfig *tls.Config) *redis.Options {
	return &redis.Options{
		Network: t.network, Addr: t.addresses[0], DB: t.db, Username: t.user, Password: t.password, TLSConfig: tlsConfig,
		MaxRetries: noRetries, DialerRetries: 1, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
		ContextTimeoutEnabled: true, Protocol: 2, DisableIdentity: true, MaintNotificationsConfig: noNotifications(),
	}
}

func (t *target) failoverOptions(tlsConfig *tls.Config) *redis.FailoverOptions {
	return &redis.FailoverOptions{
		MasterName: t.master, SentinelAddrs: t.addresses, SentinelUsername: t.sentinelUser, SentinelPassword: t.sentinelPassword,
		DB: t.db, Username: t.user, Password: t.password, TLSConfig: tlsConfig,
		MaxRetries: noRetries, DialerRetries: 1, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
		ContextTimeoutEnabled: true, Protocol: 2, DisableIdentity: true,
	}
}

func (t *target) clusterOptions(tlsConfig *tls.Config) *redis.ClusterOptions {
	return &redis.ClusterOptions{
		Addrs: t.addresses, Username: t.user, Password: t.password, TLSConfig: tlsConfig,
		MaxRetries: noRetries, DialerRetries: 1, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
		ContextTimeoutEnabled: true, Protocol: 2, DisableIdentity: true, MaintNotificationsConfig: noNotifications(),
	}
}

func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// tlsConfig gives the settings of TLS, nil for none.
func (t *target) tlsConfig() (*tls.Config, error) {
	if !t.tls {
		return nil, nil
	}
	out := &tls.Config{ServerName: t.tlsName, MinVersion: tls.VersionTLS12}
	if t.ca != "" {
		pem, err := os.ReadFile(t.ca)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s: it holds no certificate, expected PEM blocks CERTIFICATE", t.ca)
		}
	}
	if t.cert != "" {
		pair, err := tls.LoadX509KeyPair(t.cert, t.key)
		if err != nil {
			return nil, fmt.Errorf("cert and key: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}
