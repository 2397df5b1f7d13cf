package kafka

import (
	"context"
	"errors"

	kafkago "github.com/segmentio/kafka-go"
)

// confirmLogin tells a refused login from a broker that was just stopping: kafka-go takes every
// connection that ends during the login for a refusal.
func (c *Config) confirmLogin(ctx context.Context, err error) error {
	if !errors.Is(err, kafkago.SASLAuthenticationFailed) {
		return err
	}
	var again error
	for _, addr := range c.Brokers {
		cn, err := c.dial(ctx, addr)
		if err == nil {
			cn.close()
			return errLoginCut
		}
		again = worse(again, err)
	}
	return again
}
