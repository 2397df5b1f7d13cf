package web

import (
	"fmt"
	"net"
	"os"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2"
)

// listen takes the address, unless that would show metrics to others unprotected.
func listen(o *Options) (net.Listener, error) {
	encrypted, err := checkConfig(o.ConfigFile)
	if err != nil {
		return nil, err
	}
	address, err := net.ResolveTCPAddr("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w; expected host:port", o.Listen, err)
	}
	if !address.IP.IsLoopback() && !encrypted && !o.AllowPlain {
		return nil, fmt.Errorf("listen on %s: that address can be reached from other machines, and there is no TLS; "+
			"listen on 127.0.0.1:%d, give a web configuration file with tls_server_config (web.config), "+
			"or allow plain HTTP (web.allow_plain: true)", o.Listen, address.Port)
	}
	l, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", o.Listen, err)
	}
	return l, nil
}

// checkConfig validates a web configuration file, so that its faults show at the start, and tells whether
// it asks for TLS.
func checkConfig(file string) (encrypted bool, err error) {
	if file == "" {
		return false, nil
	}
	if err := toolkit.Validate(file); err != nil {
		return false, fmt.Errorf("web configuration %s: %w", file, err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return false, fmt.Errorf("web configuration: %w", err)
	}
	var c struct {
		TLS toolkit.TLSConfig `yaml:"tls_server_config"`
	}
	if err := yaml.Unmarshal(content, &c); err != nil {
		return false, fmt.Errorf("web configuration %s: %w", file, err)
	}
	return c.TLS.IsEnabled(), nil
}
