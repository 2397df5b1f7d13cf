package web

import (
	"fmt"
	"net"
	"os"
	"strings"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2"
)

// Check tells what is wrong with the listener's options without listening.
func Check(o Options) error {
	_, err := o.address()
	return err
}

// listen takes the address, unless that would show metrics to others unprotected.
func listen(o *Options) (net.Listener, error) {
	address, err := o.address()
	if err != nil {
		return nil, err
	}
	l, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", o.Listen, err)
	}
	return l, nil
}

func (o *Options) address() (*net.TCPAddr, error) {
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
			"or allow plain HTTP (web.allow_plain: true, or --web.allow_plain)", o.Listen, address.Port)
	}
	return address, nil
}

// checkConfig validates a web configuration file, so that its faults show at the start, and tells whether
// it asks for TLS.
func checkConfig(file string) (encrypted bool, err error) {
	if file == "" {
		return false, nil
	}
	if err := toolkit.Validate(file); err != nil {
		// The YAML library writes more than one line.
		return false, fmt.Errorf("web configuration %s: %s", file, strings.Join(strings.Fields(err.Error()), " "))
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
